//! The certificates of a machine: whether they can be used, until when, and whether their files have changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::path::Path;

use mailslot_domain::read_whole;
use mailslot_domain::settings::Tls;
use mailslot_domain::status::CertificateStatus;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::sys::version_of;

/// Checks that the files can be used, at whatever time: clocks are set, and files replaced, while nodes run.
///
/// The error names the file.
pub(crate) fn check(tls: &Tls) -> Result<(), String> {
    if let Some(root) = &tls.root_ca {
        read(root)?;
    }
    let (Some(certificate), Some(key)) = (&tls.certificate, &tls.private_key) else { return Ok(()) };
    let chain = read(certificate)?;
    let named = |error: &dyn core::fmt::Display| format!("{}: {error}", key.display());
    let der = pem(key).and_then(|pem| PrivateKeyDer::from_pem_slice(&pem).map_err(why));
    let key = der.map_err(|why| named(&why.as_deref().unwrap_or("there is no private key in it")))?;
    CertifiedKey::from_der(chain, key, &default_provider()).map(drop).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => named(&format!("it is not the key of {}", certificate.display())),
        error => named(&error),
    })
}

/// The certificates in a file, one at least.
fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> =
        pem(path).and_then(|pem| CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(why));
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        all => {
            let why = all.err().flatten();
            Err(format!("{}: {}", path.display(), why.as_deref().unwrap_or("there is no certificate in it")))
        }
    }
}

/// Bytes of the largest file with certificates: four times what all the authorities that browsers know take.
const MAX_FILE: usize = 1 << 20;

fn pem(path: &Path) -> Result<impl Deref<Target = Vec<u8>>, Option<String>> {
    read_whole(path, MAX_FILE).map_err(|error| Some(error.to_string()))
}

/// Why a file cannot be read; `None` if it can, and lacks what was looked for.
fn why(error: pem::Error) -> Option<String> {
    Some(match error {
        pem::Error::NoItemsFound => return None,
        pem::Error::MissingSectionEnd { .. } => {
            "it ends before its `-----END` line: it was not written whole".to_owned()
        }
        error => error.to_string(),
    })
}

/// The certificates that are now in the files, to show why peers refuse them.
pub(crate) fn status(tls: &Tls, now: i64) -> Vec<CertificateStatus> {
    let unusable = check(tls).err();
    let files = [&tls.root_ca, &tls.certificate].into_iter().flatten();
    let mut status: Vec<CertificateStatus> = files.flat_map(|path| of_file(path, now)).collect();
    if let Some(why) = unusable
        && status.iter().all(|one| one.problem.is_none())
    {
        let file = tls.private_key.as_deref().unwrap_or(Path::new("")).display().to_string();
        status.push(broken(&file, why));
    }
    status
}

fn of_file(path: &Path, now: i64) -> Vec<CertificateStatus> {
    let file = path.display().to_string();
    match read(path) {
        Ok(all) => all.iter().map(|der| of_certificate(&file, der, now)).collect(),
        Err(why) => vec![broken(&file, why)],
    }
}

fn broken(file: &str, why: String) -> CertificateStatus {
    let mut status = CertificateStatus::default();
    (status.file, status.problem) = (file.to_owned(), Some(why));
    status
}

fn of_certificate(file: &str, der: &CertificateDer<'_>, now: i64) -> CertificateStatus {
    let mut status = CertificateStatus::default();
    status.file = file.to_owned();
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        status.problem = Some(format!("{file}: it contains something that is not a certificate"));
        return status;
    };
    let validity = certificate.validity();
    let time = |time: &x509_parser::time::ASN1Time| {
        let millis = u64::try_from(time.timestamp()).unwrap_or_default().saturating_mul(1000);
        mailslot_domain::Time::from_millis(millis).to_string()
    };
    status.subject = certificate.subject().to_string();
    status.from = time(&validity.not_before);
    status.until = time(&validity.not_after);
    status.until_unix = validity.not_after.timestamp();
    if validity.not_after.timestamp() <= now {
        status.problem = Some(format!("{file}: {} expired at {}", status.subject, status.until));
    } else if validity.not_before.timestamp() > now {
        status.problem = Some(format!("{file}: {} is valid only from {}", status.subject, status.from));
    }
    status
}

/// The version of the files, found without reading them: it differs once one of them was replaced or written.
pub(crate) fn version(tls: &Tls) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in [&tls.root_ca, &tls.certificate, &tls.private_key].into_iter().flatten() {
        let metadata = std::fs::metadata(path);
        metadata.is_ok().hash(&mut hasher);
        if let Ok(file) = metadata {
            version_of(&file, &mut hasher);
        }
    }
    hasher.finish()
}
