//! The worker of the kernel.

fn main() -> std::io::Result<()> {
    kernel_subject::subject().serve()
}
