//! The shape of the table: what can happen to a call, what the provider says, and how that must end.
//! A vendor is a list of rows; whatever it has no row for it gives a reason for.

use std::collections::BTreeMap;

use cuelight_core::catalog::{self, ModelDef};
use cuelight_core::operation::{ClipSpec, Spec, validate};
use cuelight_core::order::Order;
use cuelight_providers::{Account, Answer, Material, Output};
use http::Response;
use serde_json::{Value, json};

/// A marker that stands in for every secret of an account: no text may hold it.
pub(crate) const KEY: &str = "k3y-nobody-may-see";
/// A marker in every signed address: no text may hold it either.
pub(crate) const SIGNED: &str = "s1gnature-nobody-may-see";

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// Everything goes well.
    Success,
    /// The provider asks for fewer calls.
    Throttle,
    /// It does not accept a field.
    Invalid,
    /// It does not make that content.
    Refusal,
    /// It is down, or behind a gateway that is, while it works.
    OutageMidPoll,
    /// Whether it took the order is not known.
    LostSubmitAnswer,
    /// The result is no longer where it was.
    ExpiredResult,
    /// The result is said to be at an address that is not the provider's, or the way leads there.
    ForeignAddress,
    /// The result is something else than a picture or a clip.
    WrongType,
    /// The result says that it has five gigabytes.
    TooLarge,
    /// The result ends too early.
    Truncated,
}

impl Situation {
    pub(crate) const ALL: [Self; 11] = [
        Self::Success,
        Self::Throttle,
        Self::Invalid,
        Self::Refusal,
        Self::OutageMidPoll,
        Self::LostSubmitAnswer,
        Self::ExpiredResult,
        Self::ForeignAddress,
        Self::WrongType,
        Self::TooLarge,
        Self::Truncated,
    ];
}

/// Which call of the adapter it is.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Submit,
    Find,
    Poll(&'static str),
    Download(Output),
    Cancel(&'static str),
}

/// What comes back for one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// This, whole.
    Is(Answer),
    /// The connection is lost before the answer's end.
    Lost,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) situation: Situation,
    /// What is special about it, for whoever reads the failure.
    pub(crate) about: &'static str,
    pub(crate) call: Call,
    pub(crate) replies: Vec<Reply>,
    /// How it ends: `accepted`, `finished`, `found`, `unknown`, `running`, `succeeded`, `bytes`, `free`,
    /// `charged`, or the kind of the error.
    pub(crate) end: &'static str,
    /// Our name of the field, of an end `invalid`.
    pub(crate) field: Option<&'static str>,
    /// The id of the operation, of an end `accepted` or `found`.
    pub(crate) operation: Option<&'static str>,
}

/// A line of the table with one answer for each request.
pub(crate) fn row(
    situation: Situation,
    about: &'static str,
    call: Call,
    replies: Vec<Reply>,
    end: &'static str,
) -> Row {
    Row { situation, about, call, replies, end, field: None, operation: None }
}

impl Row {
    /// The same, and it is about this field of ours.
    pub(crate) fn of_field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// The same, and the operation has this id.
    pub(crate) fn operation(self, id: &'static str) -> Self {
        Self { operation: Some(id), ..self }
    }
}

/// What is ordered.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) order: Order,
    pub(crate) clip: Option<ClipSpec>,
    pub(crate) model: ModelDef,
    pub(crate) materials: Vec<Material>,
}

impl Wish {
    /// An order in JSON for a model of the catalogue.
    pub(crate) fn of(order: Value, materials: Vec<Material>) -> Self {
        let order: Order = serde_json::from_value(order).unwrap();
        let model = catalog::models().model(&order.model).expect("a model of the catalogue").clone();
        Self { order, clip: None, model, materials }
    }

    /// The same for the model that the vendor itself calls `wire_id`.
    pub(crate) fn at(
        provider: &str,
        wire_id: &str,
        operation: &str,
        mut order: Value,
        materials: Vec<Material>,
    ) -> Self {
        let mut models = catalog::models().models.iter();
        let model = models.find(|model| model.provider == provider && model.wire_id == wire_id);
        order["operation"] = operation.into();
        order["model"] = model.expect("a model of the catalogue").id.clone().into();
        Self::of(order, materials)
    }

    /// A clip of a character, which only the studio knows.
    pub(crate) fn clip(state: &str) -> Self {
        let body = json!({"operation_type": "state_clip", "params": {"character": "bolt", "state": state}});
        let spec = validate(&body, "n").unwrap().spec;
        let Spec::Clip(clip) = &spec else { panic!("a state is a clip") };
        let (order, model) = (spec.order(), spec.model_def().unwrap().clone());
        Self { order, clip: Some((**clip).clone()), model, materials: Vec::new() }
    }

    /// What is ordered, as the rest of the system names it.
    pub(crate) fn spec(&self) -> Spec {
        self.clip.clone().map_or_else(|| Spec::from(self.order.clone()), Spec::from)
    }
}

/// One vendor's part of the table.
pub(crate) struct Vendor {
    /// Its name in the catalogue.
    pub(crate) provider: &'static str,
    pub(crate) account: fn() -> Account,
    pub(crate) wish: fn() -> Wish,
    pub(crate) rows: fn() -> Vec<Row>,
    /// What it has no row for, and why.
    pub(crate) skipped: &'static [(Situation, &'static str)],
}

/// An account with these options, whose key is the marker.
pub(crate) fn account(base: &str, media: &[&str], options: &[(&str, &str)]) -> Account {
    let options: BTreeMap<String, String> =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let media = media.iter().map(|url| url.parse().unwrap()).collect();
    Account { base: base.parse().unwrap(), key: KEY.to_owned(), media, options }
}

/// An answer of JSON.
pub(crate) fn says(status: u16, body: Value) -> Reply {
    gives(status, "application/json", body.to_string().into_bytes())
}

/// An answer of bytes.
pub(crate) fn gives(status: u16, media_type: &str, body: Vec<u8>) -> Reply {
    let answer = Response::builder().status(status).header("content-type", media_type).body(body);
    Reply::Is(answer.unwrap())
}

/// The same answer with one header more.
pub(crate) fn with(reply: Reply, name: &'static str, value: &str) -> Reply {
    let Reply::Is(mut answer) = reply else { return reply };
    answer.headers_mut().insert(name, value.parse().unwrap());
    Reply::Is(answer)
}

/// A result of five gigabytes, as the shell hands it on: its head, and nothing of its body.
pub(crate) fn five_gigabytes(media_type: &str) -> Reply {
    with(gives(200, media_type, Vec::new()), "content-length", "5368709120")
}

/// An answer that leads into a network that is nobody's business.
pub(crate) fn redirect() -> Reply {
    with(gives(302, "text/html", Vec::new()), "location", "http://169.254.169.254/latest/meta-data/")
}

/// Where a result is.
pub(crate) fn output(url: &str) -> Output {
    Output { url: url.to_owned(), ..Output::default() }
}

/// The smallest PNG file there is of this size: a header and no picture, which is as far as anybody
/// here looks.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let chunk = |body: &[u8]| {
        let length = u32::try_from(body.len() - 4).unwrap().to_be_bytes();
        [&length[..], body, &crc32(body).to_be_bytes()].concat()
    };
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(&header), &chunk(b"IDAT\x78\x9c\x03\0\0\0\0\x01"), &chunk(b"IEND")]
        .concat()
}

/// As the PNG specification's annex D has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// The smallest MP4 file there is of this size and length: an index and no frame.
pub(crate) fn mp4(width: u32, height: u32, ms: u32) -> Vec<u8> {
    fn mp4_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, body].concat()
    }
    let mut mvhd = vec![0; 100];
    mvhd[12..16].copy_from_slice(&1_000_u32.to_be_bytes());
    mvhd[16..20].copy_from_slice(&ms.to_be_bytes());
    let mut tkhd = vec![0; 84];
    tkhd[76..80].copy_from_slice(&(width << 16).to_be_bytes());
    tkhd[80..84].copy_from_slice(&(height << 16).to_be_bytes());
    let hdlr = mp4_box(b"hdlr", b"\0\0\0\0\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let trak = [mp4_box(b"tkhd", &tkhd), mp4_box(b"mdia", &hdlr)].concat();
    let moov = [mp4_box(b"mvhd", &mvhd), mp4_box(b"trak", &trak)].concat();
    [mp4_box(b"ftyp", b"isom\0\0\0\0isom"), mp4_box(b"moov", &moov), mp4_box(b"mdat", &[7; 50])].concat()
}
