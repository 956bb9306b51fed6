//! On Windows nothing is served.

use super::Endpoint;
use crate::error::{Error, Result};

/// Serves nothing.
#[derive(Clone, Default)]
pub(crate) struct Exporter;

impl Exporter {
    /// # Errors
    ///
    /// [`Error::Settings`] if there is an endpoint.
    pub(crate) fn at(&self, endpoint: Option<&Endpoint>) -> Result<Exporter> {
        match endpoint {
            None => Ok(Exporter),
            Some(_) => Err(Error::Settings("metrics: a node on Windows does not serve them".to_owned())),
        }
    }

    pub(crate) fn address(&self) -> Option<String> {
        None
    }
}
