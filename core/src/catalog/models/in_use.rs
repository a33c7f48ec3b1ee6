//! Which catalogue of models is in use: the one that this build ships with, and what a deployment made of it.

use std::sync::OnceLock;

use super::{CatalogError, Models};

static MODELS: OnceLock<Models> = OnceLock::new();

/// The models: those this build ships with, and what [`configure`] made of them. Apart from
/// [`crate::catalog::built_in`], so that no page downloads them.
#[must_use]
pub fn models() -> &'static Models {
    MODELS.get_or_init(shipped)
}

/// The models this build ships with.
#[must_use]
pub fn shipped() -> Models {
    // A test reads the file; here there is nobody to tell.
    Models::read(include_str!("../../../catalog/models.json")).unwrap_or_default()
}

/// Takes a deployment's own entries, see [`Models::with`]. To be called before anything asks for a
/// model; calling it again with the same entries changes nothing.
///
/// # Errors
/// The entries cannot be used, or other ones are in use already.
pub fn configure(json: &str) -> Result<(), CatalogError> {
    let own = shipped().with(json)?;
    let used = MODELS.get_or_init(|| own.clone());
    if *used == own { Ok(()) } else { Err(CatalogError::InUse) }
}
