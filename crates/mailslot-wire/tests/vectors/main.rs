//! Packets of real senders, recorded in `../shared/lab/vectors` beside the project: each decodes to the values in its
//! notes, and encodes to the same bytes. Without the recordings, one test reports that and counts as skipped.

mod describe;
mod malformed;
mod netlogon;
mod packet;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};

use packet::{Content, Layers, Vector};

/// Recorded packets that our encoder deliberately writes differently.
const NOT_CANONICAL: &[(&str, &str)] = &[
    ("dg-09", "nmbd puts a zero byte before the name of an announcement request; what follows it is dropped"),
    ("dg-14", "nmbd aligns the version of a primary response to four bytes; MS-ADTS does not"),
    ("mk-08", "the prefix is always written in capitals"),
    ("mk-24", "the additional record's name is always written as a pointer"),
    ("ns-15", "a WACK's record is always of type NULL"),
];

fn main() {
    let arguments = Arguments::from_args();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/lab/vectors");
    let trials = match files(&directory) {
        Some(files) => trials(files),
        None => {
            let name = format!("SKIPPED: recorded packets are missing, there is no {}", directory.display());
            eprintln!("{name}");
            vec![Trial::test(name, || Ok(())).with_ignored_flag(true)]
        }
    };
    libtest_mimic::run(&arguments, trials).exit();
}

fn files(directory: &Path) -> Option<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .collect();
    files.sort();
    Some(files).filter(|files| !files.is_empty())
}

fn trials(files: Vec<PathBuf>) -> Vec<Trial> {
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            Trial::test(name.clone(), move || check(&name, &path))
        })
        .collect()
}

fn check(name: &str, path: &Path) -> Result<(), Failed> {
    let vector = Vector::read(path)?;
    for length in 0..vector.bytes.len() {
        // Short ones must not panic; whether they parse depends on the form.
        let _ = vector.decode(&vector.bytes[..length]);
    }
    if name.starts_with("xx-") {
        return malformed::check(name, &vector);
    }
    let layers = vector.decode(&vector.bytes)?;
    let description = layers.describe();
    for line in &description {
        if !vector.notes.contains(line.as_str()) {
            return Err(format!("decoded {line}, but the notes say\n{}", vector.notes).into());
        }
    }
    if let Layers::Datagram { write: Some((_, Content::Netlogon(message))), .. } = &layers {
        netlogon::check(name, message);
    }
    let encoded = layers.encode(vector.style());
    match NOT_CANONICAL.iter().find(|(prefix, _)| name.starts_with(prefix)) {
        None if encoded != vector.bytes => Err(format!("{:02x?}\nencoded as\n{encoded:02x?}", vector.bytes).into()),
        Some((_, reason)) if encoded == vector.bytes => Err(format!("is canonical in spite of: {reason}").into()),
        Some(_) if !vector.decode(&encoded)?.says_the_same_as(&layers) => Err("encoded to something else".into()),
        _ => Ok(()),
    }
}
