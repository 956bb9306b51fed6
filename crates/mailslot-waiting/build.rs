//! Shortens loops that only spin.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
    // A feature of the crate `mailslot`, to which the files belong.
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"serde\"))");
    println!("cargo::rerun-if-changed=build.rs");
}
