//! How inputs reach WaveSpeed: for each one a ticket is asked for, and the bytes are put where it says.
//! The key is shown for the ticket only; where the bytes go, its own address opens the door.

use cuelight_core::order::Role;
use http::header::HeaderName;
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{NAME, WaveSpeed, parse};
use crate::{Answer, Ask, Material, ProviderError, hostile, wire};

/// Most headers of a ticket that are sent along.
const MAX_HEADERS: usize = 16;
/// Headers that are the shell's or ours to set, not a stranger's.
const OURS: [&str; 6] =
    ["authorization", "connection", "content-length", "cookie", "host", "transfer-encoding"];

#[derive(Deserialize, Default)]
struct Ticket {
    upload: Place,
    download_url: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Place {
    method: Option<String>,
    url: String,
    headers: Map<String, Value>,
}

/// Where handing over is.
pub(super) enum Course {
    /// This comes next.
    Ask(Ask),
    /// Everything is there.
    There(Given),
}

/// Inputs that are there.
pub(super) struct Given {
    /// Where each one is.
    pub(super) addresses: Vec<(Role, String)>,
    /// How many answers were about them.
    pub(super) heard: usize,
}

impl WaveSpeed {
    /// Hands over `materials`, as far as `heard` shows it to be done: two requests each.
    pub(super) fn hand_over(
        &self,
        materials: &[Material],
        heard: &[Answer],
    ) -> Result<Course, ProviderError> {
        let mut addresses = Vec::new();
        for (index, material) in materials.iter().enumerate() {
            let (ticket, put) = (heard.get(2 * index), heard.get(2 * index + 1));
            let Some(ticket) = ticket else { return self.ask_for_ticket(material).map(Course::Ask) };
            let ticket = self.read_ticket(ticket)?;
            match put {
                None => return self.put(&ticket, material).map(Course::Ask),
                Some(answer) if answer.status().is_success() => {}
                Some(answer) => return Err(refused(answer)),
            }
            addresses.push((material.role, ticket.download_url));
        }
        Ok(Course::There(Given { addresses, heard: 2 * materials.len() }))
    }

    fn ask_for_ticket(&self, material: &Material) -> Result<Ask, ProviderError> {
        let extension = match material.media_type.as_str() {
            "image/png" => "png",
            "image/jpeg" => "jpg",
            "image/webp" => "webp",
            "audio/wav" | "audio/x-wav" => "wav",
            "audio/mpeg" => "mp3",
            "video/mp4" => "mp4",
            _ => "bin",
        };
        // Named by what it is: the same input again has the same name.
        let name = hostile::sha256(&material.bytes);
        let filename = format!("{}.{extension}", name.get(..32).unwrap_or(&name));
        let about = json!({
            "filename": filename,
            "size": material.bytes.len(),
            "content_type": material.media_type,
        });
        Ok(Ask::question(self.post(&self.address(["media", "uploads"])?, &about)?))
    }

    fn read_ticket(&self, answer: &Answer) -> Result<Ticket, ProviderError> {
        if answer.status() != StatusCode::OK {
            return Err(self.failure(answer));
        }
        let unreadable =
            || ProviderError::Transient("WaveSpeed's ticket for an upload makes no sense".into());
        let ticket: Ticket = parse(answer)?.data.ok_or_else(unreadable)?;
        // The vendor fetches it from there. We do not, but what is no address is no ticket.
        let address = url::Url::parse(&ticket.download_url).map_err(|_| unreadable())?;
        let fetchable = matches!(address.scheme(), "https" | "http");
        if fetchable && ticket.download_url.len() <= hostile::MAX_URL_BYTES {
            Ok(ticket)
        } else {
            Err(unreadable())
        }
    }

    fn put(&self, ticket: &Ticket, material: &Material) -> Result<Ask, ProviderError> {
        let url = wire::result_address(&self.account, &ticket.upload.url).map_err(|_| {
            ProviderError::Fatal("WaveSpeed takes uploads at a host that is not in its settings".into())
        })?;
        let method = match ticket.upload.method.as_deref() {
            None | Some("PUT") => Method::PUT,
            Some("POST") => Method::POST,
            Some(_) => {
                return Err(ProviderError::Fatal(
                    "WaveSpeed takes uploads in a way that we do not know".into(),
                ));
            }
        };
        let mut builder = Request::builder().method(method).uri(url.as_str());
        for (name, value) in ticket.upload.headers.iter().take(MAX_HEADERS) {
            let name = name.parse::<HeaderName>().ok().filter(|name| !OURS.contains(&name.as_str()));
            let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
            if let (Some(name), Some(mut value)) = (name, value) {
                value.set_sensitive(true);
                builder = builder.header(name, value);
            }
        }
        Ok(Ask::upload(wire::built(builder, material.bytes.clone())?))
    }
}

/// Why an upload failed. It ordered nothing, so that it may be tried again.
fn refused(answer: &Answer) -> ProviderError {
    match wire::failure(NAME, answer) {
        // A ticket may have expired on the way; a fresh one comes with the next attempt.
        ProviderError::Fatal(_) | ProviderError::Unanswered(_) => ProviderError::Transient(format!(
            "WaveSpeed's store answered {} to an upload",
            answer.status().as_u16()
        )),
        other => other,
    }
}
