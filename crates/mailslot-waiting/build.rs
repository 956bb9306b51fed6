//! Makes waiting short where it only spins.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
    // A feature of the crate whose files these are.
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"serde\"))");
    println!("cargo::rerun-if-changed=build.rs");
}
