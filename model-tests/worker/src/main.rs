//! The worker of `meta-core`.

fn main() -> std::io::Result<()> {
    worker::serve()
}
