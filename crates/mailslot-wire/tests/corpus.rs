//! Checks every seed of the fuzz targets, whole and cut at every length, against the property of its target.

#[path = "../../../fuzz/properties.rs"]
mod properties;

use std::path::Path;

fn replay(target: &str, property: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut seeds = 0;
    for entry in std::fs::read_dir(&directory).expect("seeds are part of the project") {
        let path = entry.expect("the directory is readable").path();
        let seed = std::fs::read(&path).expect("the seed is readable");
        println!("{}", path.display());
        for length in 0..=seed.len() {
            property(&seed[..length]);
        }
        seeds += 1;
    }
    assert!(seeds > 0, "no seeds in {}", directory.display());
}

#[test]
fn names() {
    replay("names", properties::names);
}

#[test]
fn name_service() {
    replay("name_service", properties::name_service);
}

#[test]
fn datagram() {
    replay("datagram", properties::datagram);
}

#[test]
fn smb() {
    replay("smb", properties::smb);
}

#[test]
fn browser() {
    replay("browser", properties::browser);
}

#[test]
fn netlogon() {
    replay("netlogon", properties::netlogon);
}
