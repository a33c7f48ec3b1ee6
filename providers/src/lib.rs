//! Vendor adapters, sans-I/O: a clip's description in, an HTTP request out; an HTTP answer in, a
//! classified result out. Nothing here opens a connection, reads a clock or keeps state, and no
//! error text holds an account's key.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use cuelight_core::operation::ClipSpec;

pub use cuelight_core::actors::generation::{Accepted, Cancelled, Output, Progress, ProviderError};

mod hostile;
mod studio;

/// Where a provider is and what opens it. Neither `Debug` nor `Serialize`: it holds a secret.
#[allow(missing_debug_implementations)]
pub struct Account {
    /// The address that the provider's paths are appended to.
    pub base: url::Url,
    /// The secret that every request presents.
    pub key: String,
}

/// One vendor's protocol. Requests present the account's key, so a shell sends them as they are,
/// follows no redirect and logs no header.
pub trait Adapter {
    /// The request that orders a clip. Sent again under the same `idempotency_key`, it orders
    /// nothing new.
    ///
    /// # Errors
    /// [`ProviderError::Fatal`] when the account cannot be put into a request.
    fn submit(&self, spec: &ClipSpec, idempotency_key: &str)
    -> Result<http::Request<Vec<u8>>, ProviderError>;

    /// What the answer to [`Adapter::submit`] says. A provider that has the submission already has
    /// accepted it.
    ///
    /// # Errors
    /// How the provider refused or failed. [`ProviderError::Unanswered`] when it may have taken the
    /// order all the same: a gateway answered for it, or its answer is cut or unreadable.
    fn read_submit(&self, answer: &http::Response<Vec<u8>>) -> Result<Accepted, ProviderError>;

    /// The request that asks for the operation that was submitted under `idempotency_key`; `None`
    /// when the vendor cannot be asked.
    ///
    /// # Errors
    /// [`ProviderError::Fatal`] when the account cannot be put into a request.
    fn find(&self, idempotency_key: &str) -> Result<Option<http::Request<Vec<u8>>>, ProviderError>;

    /// What the answer to [`Adapter::find`] says; `None` when the provider does not know the key.
    ///
    /// # Errors
    /// How the provider refused to tell or failed. [`ProviderError::Fatal`] when it names several
    /// operations: it did not look at the key, and none of them may be ours.
    fn read_find(&self, answer: &http::Response<Vec<u8>>) -> Result<Option<Accepted>, ProviderError>;

    /// The request that asks how far an operation is.
    ///
    /// # Errors
    /// [`ProviderError::Fatal`] when the id is none that this provider can have given, or the
    /// account cannot be put into a request.
    fn poll(&self, operation_id: &str) -> Result<http::Request<Vec<u8>>, ProviderError>;

    /// What the answer to [`Adapter::poll`] says. A price that it names is taken over up to 1,000
    /// dollars; a claim beyond that, or one that is no amount, counts as none.
    ///
    /// # Errors
    /// How the operation ended without a clip, or how the provider refused to tell.
    fn read_poll(&self, answer: &http::Response<Vec<u8>>) -> Result<Progress, ProviderError>;

    /// The request that fetches a finished clip.
    ///
    /// # Errors
    /// [`ProviderError::Fatal`] when the address is not one that may be asked, or the account
    /// cannot be put into a request.
    fn download(&self, output: &Output) -> Result<http::Request<Vec<u8>>, ProviderError>;

    /// The clip's bytes, of the size and the SHA-256 that `output` declares, where it does.
    /// Whether they are a video is for [`cuelight_core::media`] to judge.
    ///
    /// # Errors
    /// [`ProviderError::BadMedia`] for other bytes; otherwise how the provider failed.
    fn read_download(
        &self,
        output: &Output,
        answer: http::Response<Vec<u8>>,
    ) -> Result<Vec<u8>, ProviderError>;

    /// The request that tells the provider that nobody waits any more. Sent again, it changes
    /// nothing.
    ///
    /// # Errors
    /// As for [`Adapter::poll`].
    fn cancel(&self, operation_id: &str) -> Result<http::Request<Vec<u8>>, ProviderError>;

    /// What the answer to [`Adapter::cancel`] says. Prices as in [`Adapter::read_poll`].
    ///
    /// # Errors
    /// [`ProviderError::Lost`] when the provider does not know the operation,
    /// [`ProviderError::Transient`] when it goes on for now, [`ProviderError::Unanswered`] when it
    /// may have ended it; otherwise how the provider refused or failed.
    fn read_cancel(&self, answer: &http::Response<Vec<u8>>) -> Result<Cancelled, ProviderError>;
}

/// The adapter for a provider that the catalogue names; `None` for an unknown one.
#[must_use]
pub fn adapter(provider: &str, account: Account) -> Option<Box<dyn Adapter>> {
    match provider {
        "studio" => Some(Box::new(studio::Studio::new(account))),
        _ => None,
    }
}
