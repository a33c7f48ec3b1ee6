//! What Amazon's errors mean. Their name stands in a header or in the body; whether a refused input broke
//! a rule of form or one of content, only the words tell.

use http::StatusCode;
use serde_json::Value;

use super::NAME;
use crate::{Answer, ProviderError, hostile, refusals, wire};

/// Phrases of Amazon's own when content, and not form, is refused. Not `policy` alone: a bucket has one too.
const REFUSALS: [&str; 4] = ["our aup", "acceptable use", "violat", "filter reason"];

/// Amazon's names of fields, the longer ones before those they contain, and ours.
const FIELDS: [(&str, &str); 22] = [
    ("negativetext", "negative_prompt"),
    ("negative_prompt", "negative_prompt"),
    ("similaritystrength", "strength"),
    ("image_strength", "strength"),
    ("strength", "strength"),
    ("cfgscale", "guidance"),
    ("cfg_scale", "guidance"),
    ("aspect_ratio", "aspect_ratio"),
    ("resolution", "resolution"),
    ("dimension", "size"),
    ("width", "size"),
    ("height", "size"),
    ("duration", "duration_ms"),
    ("steps", "steps"),
    ("seed", "seed"),
    ("fps", "fps"),
    ("frame1", "end_image"),
    ("keyframes", "image"),
    ("/image", "image"),
    ("images", "image"),
    ("prompt", "prompt"),
    ("text", "prompt"),
];

/// Whether Amazon's words say that it will not make such content.
pub(crate) fn is_refusal(words: &str) -> bool {
    let lower = words.to_lowercase();
    refusals::is_of_content(words) || REFUSALS.iter().any(|phrase| lower.contains(phrase))
}

/// The name of the error: that of the header, up to a colon and behind the last `#`; without it that of
/// the body.
fn name(answer: &Answer, body: &Value) -> String {
    let header = answer.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let named = ["code", "Code", "__type"].into_iter().find_map(|member| body.get(member)?.as_str());
    let name = header.or(named).unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim().to_owned()
}

/// What an answer to an order means that is not success: an outage without the name of an error may be of
/// what stands before Amazon, which may have passed the order on.
pub(crate) fn of_order(answer: &Answer, text: impl Fn(&str) -> String) -> ProviderError {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let failure = failure(answer, text);
    if name(answer, &body).is_empty() { wire::unclear(failure) } else { failure }
}

/// What an answer other than success means. `text` makes Amazon's words fit to be shown.
pub(crate) fn failure(answer: &Answer, text: impl Fn(&str) -> String) -> ProviderError {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let words = ["message", "Message"].into_iter().find_map(|member| body.get(member)?.as_str());
    let words = words.unwrap_or("no reason given");
    let throttled = || ProviderError::Throttled { retry_after: hostile::retry_after(answer.headers()) };
    match name(answer, &body).as_str() {
        "ValidationException" => refused(words, text),
        "ThrottlingException" | "TooManyRequestsException" | "ServiceQuotaExceededException" => throttled(),
        "ModelNotReadyException"
        | "ModelTimeoutException"
        | "InternalServerException"
        | "ServiceUnavailableException" => transient(answer.status()),
        "ModelErrorException" => ProviderError::Failed(text(words)),
        "ResourceNotFoundException" => {
            ProviderError::Fatal("Amazon does not offer this model in the account's region".into())
        }
        "ConflictException" => ProviderError::Fatal("Amazon knows another order under the same token".into()),
        // No words: they quote what was signed.
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId" => ProviderError::Fatal(format!("{NAME} does not accept the key")),
        _ if answer.status() == StatusCode::BAD_REQUEST => refused(words, text),
        _ => wire::failure(NAME, answer),
    }
}

/// A refusal in Amazon's words: of the content, or of a field.
fn refused(words: &str, text: impl Fn(&str) -> String) -> ProviderError {
    let message = text(words);
    if is_refusal(words) {
        return ProviderError::ContentRefused { message };
    }
    let lower = words.to_lowercase();
    let field = FIELDS.iter().find(|(theirs, _)| lower.contains(theirs)).map(|(_, ours)| (*ours).to_owned());
    ProviderError::Invalid { field, message }
}

fn transient(status: StatusCode) -> ProviderError {
    ProviderError::Transient(format!("{NAME} answered {}", status.as_u16()))
}
