//! Sets `cfg(model)` when the atomics are an explorer's: tests and examples
//! that need the real ones are left out of such builds, without naming the
//! explorers. Every crate with such tests names this file as its build script.

fn main() {
    // Nothing but the cfg decides, and another cfg is another build.
    println!("cargo::rerun-if-env-changed=RUSTFLAGS");
    println!("cargo::rustc-check-cfg=cfg(model)");
    let on = |cfg: &str| std::env::var_os(cfg).is_some();
    if ["LOOM", "SHUTTLE", "RC11"]
        .iter()
        .any(|cfg| on(&format!("CARGO_CFG_{cfg}")))
    {
        println!("cargo::rustc-cfg=model");
    }
}
