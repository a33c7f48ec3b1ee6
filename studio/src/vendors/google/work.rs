//! Does what was asked: has pictures and clips drawn, waits as long as a model takes, charges. Work goes
//! on when its caller hangs up, as it does at a vendor.

use axum::body::Bytes;
use cuelight_core::units::MicroUsd;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::content::{self, Candidate, Made, Part};
use super::error::ApiError;
use super::imagen::{self, Sample};
use super::models::{Imagen, Kind, Model, Veo};
use super::safety::{Verdict, verdict};
use super::{text, veo};
use crate::vendors::fault::Rule;
use crate::vendors::ledger::{Charge, End, Failure, Media, Start};
use crate::vendors::maker::{Brief, MakeError};
use crate::vendors::picture::Picture;
use crate::vendors::{Vendor, Vendors, travel};

/// What came of a request for content.
#[derive(Debug)]
pub(super) enum Answer {
    /// The filters refused it.
    Blocked(Value),
    /// It was answered.
    Made(Made),
}

/// A call that is being answered.
#[derive(Debug, Clone)]
pub(super) struct Work {
    /// Whose memory it is.
    pub(super) vendors: Vendors,
    /// What spoils it.
    pub(super) rule: Option<Rule>,
    /// By which model.
    pub(super) model: &'static Model,
}

impl Work {
    /// Answers `generateContent`.
    pub(super) async fn content(self, ask: content::Ask) -> Result<Answer, ApiError> {
        let began = Instant::now();
        let id = self.vendors.fresh_id(22);
        let words = format!("{}\n{}", ask.system, ask.words);
        let verdict = verdict(&words, self.rule);
        if verdict == Verdict::Blocked {
            let document = content::blocked(self.model, "PROHIBITED_CONTENT", ask.tokens(), &id);
            return Ok(Answer::Blocked(document));
        }
        let inputs = match self.model.kind {
            Kind::Picture(_) => self.decode(&ask.media).await?,
            _ => Vec::new(),
        };
        let seed = ask.seed.map_or_else(|| seed_of(&words), u64::from);
        let mut made = Made { candidates: Vec::new(), read: ask.tokens(), written: (0, 0), id };
        let mut cost = 0;
        for number in 0..ask.candidates {
            let candidate = match (self.model.kind, ask.class) {
                (Kind::Picture(model), Some(class)) if ask.pictures => {
                    if verdict == Verdict::Withheld {
                        Candidate { parts: Vec::new(), finish: "IMAGE_SAFETY" }
                    } else if verdict == Verdict::NoImage {
                        Candidate { parts: Vec::new(), finish: "NO_IMAGE" }
                    } else {
                        let [width, height] = ask.size(&model, inputs.first().map(|p| [p.width, p.height]));
                        let brief = Brief {
                            width,
                            height,
                            seed: seed.wrapping_add(number.into()),
                            words: ask.words.clone(),
                            inputs: inputs.clone(),
                            last: None,
                        };
                        let drawn = self.picture(brief).await?;
                        made.written.1 += class.tokens;
                        cost += class.micro_usd;
                        let mut parts = Vec::new();
                        if ask.speaks {
                            parts.push(Part::Text(text::caption(&ask)));
                        }
                        parts.push(Part::Picture("image/png", drawn.to_vec()));
                        Candidate { parts, finish: "STOP" }
                    }
                }
                _ if verdict == Verdict::Withheld => Candidate { parts: Vec::new(), finish: "SAFETY" },
                _ => {
                    let (words, cut) = text::answer(&ask, number);
                    let finish = if cut { "MAX_TOKENS" } else { "STOP" };
                    Candidate { parts: vec![Part::Text(words)], finish }
                }
            };
            for part in &candidate.parts {
                if let Part::Text(words) = part {
                    made.written.0 += content::tokens(words);
                }
            }
            made.candidates.push(candidate);
        }
        if let Kind::Text(prices) = self.model.kind {
            cost = prices.micro_usd(made.read.0.saturating_add(made.read.1), made.written.0);
        }
        self.charge(&made.id, cost);
        self.wait(began).await;
        Ok(Answer::Made(made))
    }

    /// Answers Imagen's `predict`.
    pub(super) async fn imagen(self, model: Imagen, ask: imagen::Ask) -> Result<Value, ApiError> {
        let began = Instant::now();
        let verdict = verdict(&ask.prompt, self.rule);
        let mut samples = Vec::new();
        let mut cost = 0;
        for number in 0..ask.samples {
            // A refused prompt leaves nothing; a withheld result leaves the others.
            if verdict == Verdict::Blocked || (verdict == Verdict::Withheld && number == 0) {
                samples.push(Sample::Filtered);
                continue;
            }
            let brief = Brief {
                width: ask.size[0],
                height: ask.size[1],
                seed: seed_of(&ask.prompt).wrapping_add(number.into()),
                words: ask.prompt.clone(),
                inputs: Vec::new(),
                last: None,
            };
            samples.push(Sample::Picture("image/png", self.picture(brief).await?.to_vec()));
            cost += model.micro_usd;
        }
        self.charge(&self.vendors.fresh_id(22), cost);
        self.wait(began).await;
        Ok(ask.answer(&samples))
    }

    /// Begins Veo's work and names the operation.
    pub(super) async fn veo(self, model: Veo, ask: veo::Ask) -> Result<String, ApiError> {
        let image = self.decode(ask.image.as_slice()).await?;
        let references = self.decode(&ask.references).await?;
        let last = self.decode(ask.last.as_slice()).await?.pop();
        let mut seconds = ask.seconds;
        if let Some(video) = &ask.video {
            let before = match video {
                content::Media::File(file) => self.seconds_of(file).ok_or_else(|| forbidden_file(file))?,
                content::Media::Inline(_, bytes) => {
                    veo::seconds(bytes).ok_or_else(|| ApiError::invalid("Provided video is not valid."))?
                }
            };
            if before > veo::LONGEST_S {
                return Err(ApiError::invalid("The video is too long to be continued."));
            }
            seconds += before;
        }
        let (id, file) = (self.vendors.fresh_id(12), self.vendors.fresh_id(12));
        let name = format!("models/{}/operations/{id}", self.model.id);
        let start = Start {
            id,
            model: self.model.id.to_owned(),
            token: None,
            latency_ms: self.model.latency_ms(),
            cost: MicroUsd(
                model.micro_usd_per_s[usize::from(ask.size.contains(&1_080))] * u64::from(ask.seconds),
            ),
            note: json!({ "file": file, "seconds": seconds }),
        };
        let verdict = verdict(ask.words(), self.rule);
        let brief = Brief {
            width: ask.size[0],
            height: ask.size[1],
            seed: ask.seed.map_or_else(|| seed_of(&ask.prompt), u64::from),
            words: ask.prompt,
            inputs: image.into_iter().chain(references).collect(),
            last,
        };
        let vendors = self.vendors.clone();
        self.vendors.begin(Vendor::Google, start, async move {
            if matches!(verdict, Verdict::Blocked | Verdict::Withheld) {
                return End::Failed(Failure { refused: true, message: String::new() });
            }
            match vendors.maker().clip(brief, veo::FPS, seconds * 1_000).await {
                Ok(bytes) => {
                    let media = Media { bytes, media_type: "video/mp4" };
                    vendors.put(Vendor::Google, &format!("files/{file}"), media.clone());
                    End::Made(vec![media])
                }
                Err(error) => {
                    tracing::error!(%error, "a clip could not be made");
                    End::Failed(Failure { refused: false, message: VEO_BROKE.to_owned() })
                }
            }
        });
        Ok(name)
    }

    /// How long a clip is that was made here, in seconds.
    fn seconds_of(&self, file: &str) -> Option<u32> {
        let jobs = self.vendors.jobs(Vendor::Google);
        let job = jobs.iter().find(|job| job.note["file"] == file && job.ended_ms.is_some())?;
        u32::try_from(job.note["seconds"].as_u64()?).ok()
    }

    /// The pictures in these files.
    async fn decode(&self, media: &[content::Media]) -> Result<Vec<Picture>, ApiError> {
        let mut files = Vec::new();
        for one in media {
            files.push(match one {
                content::Media::Inline(_, bytes) => Bytes::from(bytes.clone()),
                content::Media::File(id) => {
                    let kept = self.vendors.file(Vendor::Google, &format!("files/{id}"));
                    kept.ok_or_else(|| forbidden_file(id))?.bytes
                }
            });
        }
        let decoded = tokio::task::spawn_blocking(move || {
            files.iter().map(|bytes| Picture::decode(bytes)).collect::<Result<Vec<_>, _>>()
        });
        match decoded.await {
            Ok(Ok(pictures)) => Ok(pictures),
            Ok(Err(error)) => Err(ApiError::invalid(format!("Unable to process input image: {error}."))),
            Err(_) => Err(ApiError::internal()),
        }
    }

    /// A picture, as the rule leaves it.
    async fn picture(&self, brief: Brief) -> Result<Bytes, ApiError> {
        let drawn = self.vendors.maker().picture(brief).await.map_err(|error| match error {
            MakeError::Size(..) => ApiError::invalid(error.to_string()),
            error => {
                tracing::error!(%error, "a picture could not be made");
                ApiError::internal()
            }
        })?;
        Ok(travel::spoil(self.rule, &drawn))
    }

    fn charge(&self, id: &str, micro_usd: u64) {
        let (id, model) = (id.to_owned(), self.model.id.to_owned());
        self.vendors.sold(Vendor::Google, Charge { id, model, micro_usd: MicroUsd(micro_usd) });
    }

    /// Waits until the model would be done.
    async fn wait(&self, began: Instant) {
        tokio::time::sleep_until(began + self.vendors.scaled(self.model.latency_ms())).await;
    }
}

/// What an operation says that failed.
pub(super) const VEO_BROKE: &str =
    "Video generation failed due to an internal server issue. Please try again in a few minutes.";

/// What Google says of a file that is not the caller's, or not there.
fn forbidden_file(id: &str) -> ApiError {
    ApiError::denied(format!("You do not have permission to access the File {id} or it may not exist."))
}

/// The seed of words that come without one: the same words show the same.
fn seed_of(words: &str) -> u64 {
    let digest = Sha256::digest(words.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
