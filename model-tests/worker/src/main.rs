//! The worker of `meta-core`.

fn main() -> std::io::Result<()> {
    worker::meta_core().serve()
}
