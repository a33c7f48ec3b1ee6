//! How an adapter and its shell talk about one call: a conversation is a pure function of what is
//! wanted and of the answers heard so far, and says what to ask next or what came of it.

use std::collections::BTreeMap;

use cuelight_core::catalog::ModelDef;
use cuelight_core::media::MAX_CLIP_BYTES;
use cuelight_core::operation::ClipSpec;
use cuelight_core::order::{Order, Role};
use cuelight_core::units::{MicroUsd, Millis};
use url::Url;

use crate::{Accepted, Cancelled, Output, Progress, ProviderError};

/// Most requests of one conversation. A shell ends a longer one as [`ProviderError::Fatal`].
pub const MAX_ASKS: usize = 8;

/// How long a short question may take, its answer included.
const SHORT: Millis = Millis::seconds(10);
/// How long fetching or handing over a file may take.
const TRANSFER: Millis = Millis::seconds(30);
/// How large an answer of words may be, in bytes: about a thousand times a usual one.
const WORDS: usize = 1 << 20;

/// Where a provider is and what opens it. Neither `Debug` nor `Serialize`: it holds a secret.
#[allow(missing_debug_implementations)]
pub struct Account {
    /// The address that the provider's paths are appended to.
    pub base: Url,
    /// The secret that every request presents. For Amazon `ACCESS_KEY_ID:SECRET[:SESSION_TOKEN]`.
    pub key: String,
    /// Further origins that results may be fetched from and inputs be put to.
    pub media: Vec<Url>,
    /// What else the vendor's adapter reads, none of it secret: `region`, `model_id` and so on.
    pub options: BTreeMap<String, String>,
}

impl Account {
    /// Whether `url` is at the provider: of the origin of `base` or of one of `media`, and without a
    /// user's name in it.
    #[must_use]
    pub fn is_at(&self, url: &Url) -> bool {
        // An opaque origin equals none, so an address that is not http(s) is refused with the rest.
        let known = std::iter::once(&self.base).chain(&self.media);
        let known = known.filter(|own| matches!(own.scheme(), "http" | "https"));
        let plain = url.username().is_empty() && url.password().is_none();
        plain && known.into_iter().any(|own| own.origin() == url.origin())
    }
}

/// The provider's answer to one request, whole.
pub type Answer = http::Response<Vec<u8>>;

/// Where a conversation is.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// The time, in milliseconds since 1970.
    pub now: Millis,
    /// The answers of this conversation, oldest first: one for each request that was asked for.
    pub heard: &'a [Answer],
}

/// What comes next in a conversation.
#[derive(Debug)]
pub enum Step<T> {
    /// Send this, and call again with its answer.
    Ask(Ask),
    /// It is over.
    Done(T),
}

impl<T> Step<T> {
    /// The same step, with what came of it turned into something else.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Step<U> {
        match self {
            Self::Ask(ask) => Step::Ask(ask),
            Self::Done(done) => Step::Done(f(done)),
        }
    }
}

/// One request of a conversation.
pub struct Ask {
    /// What to send, as it is: it presents the account's key.
    pub request: Box<http::Request<Vec<u8>>>,
    /// How long to wait for the whole answer.
    pub patience: Millis,
    /// How much of the answer's body to read, in bytes. One that is longer is cut behind it.
    pub max_bytes: usize,
    /// Whether hearing it twice may cost twice, or end something. If its answer is lost, nobody knows
    /// what was done ([`ProviderError::Unanswered`]); the loss of any other passes
    /// ([`ProviderError::Transient`]).
    pub commits: bool,
}

impl std::fmt::Debug for Ask {
    /// Without headers, query and body: they may open the account.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.request.method(), self.request.uri().path())
    }
}

impl Ask {
    /// A question that changes nothing and is answered in words at once.
    #[must_use]
    pub fn question(request: http::Request<Vec<u8>>) -> Self {
        Self { request: Box::new(request), patience: SHORT, max_bytes: WORDS, commits: false }
    }

    /// A deed that is answered in words at once, and should not be done twice: an order, a cancel.
    #[must_use]
    pub fn deed(request: http::Request<Vec<u8>>) -> Self {
        Self { request: Box::new(request), patience: SHORT, max_bytes: WORDS, commits: true }
    }

    /// A file that is handed over. Doing so again changes nothing.
    #[must_use]
    pub fn upload(request: http::Request<Vec<u8>>) -> Self {
        Self { request: Box::new(request), patience: TRANSFER, max_bytes: WORDS, commits: false }
    }

    /// A file that is fetched.
    #[must_use]
    pub fn download(request: http::Request<Vec<u8>>) -> Self {
        Self { request: Box::new(request), patience: TRANSFER, max_bytes: MAX_CLIP_BYTES, commits: false }
    }

    /// The same request with another patience and size.
    #[must_use]
    pub fn within(self, patience: Millis, max_bytes: usize) -> Self {
        Self { patience, max_bytes, ..self }
    }
}

/// What is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// In the one shape that every model can be asked in.
    pub order: &'a Order,
    /// As the studio takes it; none where something else than a character's clip is wanted.
    pub clip: Option<&'a ClipSpec>,
    /// The catalogue's entry of the order's model.
    pub model: &'a ModelDef,
    /// The bytes of the order's inputs, as the model demands them.
    pub materials: &'a [Material],
    /// Names this submission: the same one never orders twice where the vendor can tell.
    pub idempotency_key: &'a str,
}

impl<'a> Brief<'a> {
    /// The bytes in this role.
    #[must_use]
    pub fn material(&self, role: Role) -> Option<&'a Material> {
        self.materials.iter().find(|material| material.role == role)
    }
}

/// The bytes of one input.
#[derive(Clone, PartialEq, Eq)]
pub struct Material {
    /// What it is to the model.
    pub role: Role,
    /// Its media type, found in the bytes.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {} bytes of {}", self.role, self.bytes.len(), self.media_type)
    }
}

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The provider works on it.
    Accepted(Accepted),
    /// The provider has made it and sent it along.
    Finished(Made),
}

/// What a provider sent in answer to a submission.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// The picture or the clip. Whether it is one is for [`cuelight_core::media`] to judge.
    pub bytes: Vec<u8>,
    /// What the provider charges for it, if it says.
    pub cost_micro_usd: Option<MicroUsd>,
    /// The seed that was used, if the provider says.
    pub seed: Option<u32>,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bytes, cost_micro_usd, seed } = self;
        write!(f, "{} bytes, cost {cost_micro_usd:?}, seed {seed:?}", bytes.len())
    }
}

/// One vendor's protocol. Each call is a conversation: called without answers it says what to ask
/// first, then with each further answer what to ask next, until it is done. A shell sends every request
/// as it is and only where [`Adapter::may_ask`] says so, follows no redirect and logs no header.
pub trait Adapter {
    /// Whose account it speaks for.
    fn account(&self) -> &Account;

    /// Orders a picture or a clip. All requests before the one that orders may be repeated freely.
    ///
    /// # Errors
    /// How the provider refused or failed. [`ProviderError::Unanswered`] when it may have taken the
    /// order all the same: a gateway answered for it, its answer is cut or unreadable, or the id that it
    /// gives cannot be asked for.
    /// [`ProviderError::Fatal`] when the account cannot be put into a request.
    fn submit(&self, brief: &Brief<'_>, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError>;

    /// Looks for the operation that was submitted under `idempotency_key`; `None` when the provider
    /// does not know the key.
    ///
    /// # Errors
    /// How the provider refused to tell or failed. [`ProviderError::Fatal`] when it cannot be asked, or
    /// names several operations: it did not look at the key, and none of them may be ours.
    fn find(&self, idempotency_key: &str, turn: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError>;

    /// Asks how far an operation is. A price that it names is taken over up to 1,000 dollars; a claim
    /// beyond that, or one that is no amount, counts as none.
    ///
    /// # Errors
    /// How the operation ended without a result, or how the provider refused to tell.
    /// [`ProviderError::Fatal`] when the id is none that this provider can have given.
    fn poll(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Progress>, ProviderError>;

    /// Fetches what was made: bytes of the size and the SHA-256 that `output` declares, where it does.
    /// Whether they are a picture or a clip is for [`cuelight_core::media`] to judge.
    ///
    /// # Errors
    /// [`ProviderError::BadMedia`] for other bytes, [`ProviderError::Lost`] when they are gone,
    /// [`ProviderError::Fatal`] when the address is not one that may be asked; otherwise how the
    /// provider failed.
    fn download(&self, output: &Output, turn: Turn<'_>) -> Result<Step<Vec<u8>>, ProviderError>;

    /// Tells the provider that nobody waits any more. Done again, it changes nothing. Prices as in
    /// [`Adapter::poll`].
    ///
    /// # Errors
    /// [`ProviderError::Lost`] when the provider does not know the operation,
    /// [`ProviderError::Transient`] when it goes on for now, [`ProviderError::Unanswered`] when it
    /// may have ended it; otherwise how the provider refused or failed.
    fn cancel(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Cancelled>, ProviderError>;

    /// Whether a request may go to this address. It presents the key, and must not reach anybody
    /// else's machine.
    fn may_ask(&self, url: &Url) -> bool {
        self.account().is_at(url)
    }
}
