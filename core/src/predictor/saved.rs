//! What a predictor has learned, as bytes: to be kept with the character, and read back from a
//! storage that anybody may have written to.

use super::Predictor;
use super::memory::Context;
use super::mind::MOST;
use super::vocabulary::{STATES, WORDS, Word, fits};
use crate::catalog::Tier;
use crate::cue::{Cue, Intensity, Reaction};

/// Raised when the layout changes; what was saved before is then refused, and learned anew.
const VERSION: u8 = 3;
/// No saved predictor is longer, in bytes.
pub const MOST_BYTES: usize = 56_000;

/// Why bytes were refused: they are not what [`Predictor::save`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no saved predictor of this version: begin with a new one")]
pub struct Refused;

impl Predictor {
    /// What was learned, without what the present session alone has seen. At most [`MOST_BYTES`],
    /// and mostly 2 to 20 kilobytes: 9 after twenty sessions of a page, 11 of a game.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        let own = self.vocabulary.words.get(STATES.len()..).unwrap_or_default();
        out.extend(self.vocabulary.clock.to_le_bytes());
        out.push(byte(own.len()));
        for word in own {
            match &word.cue {
                Cue::State { state } => {
                    out.push(1);
                    put_text(&mut out, state);
                }
                Cue::Reaction(r) => {
                    out.push(3);
                    for text in [&r.expression, &r.emotion, &r.animation] {
                        put_text(&mut out, text);
                    }
                }
            }
        }
        for (word, common) in self.vocabulary.words.iter().zip(self.old.common) {
            out.extend(word.seen.to_le_bytes());
            out.extend(common.to_le_bytes());
        }
        for weight in self.old.words.iter().flatten().chain(self.old.strengths.iter().flatten()) {
            out.extend(weight.to_le_bytes());
        }
        for usual in self.trust.usual.iter().flatten() {
            out.extend(usual.to_le_bytes());
        }
        for context in self.old.lasting.contexts() {
            out.extend(context.key.to_le_bytes());
            // Free places between others are saved too: sums come out the same in the same order only.
            let last = context.counts.iter().rposition(|count| *count > 0);
            let places = last.map_or(0, |last| last + 1);
            out.push(byte(places));
            for (symbol, count) in context.symbols.iter().zip(context.counts).take(places) {
                out.push(*symbol);
                out.extend(count.to_le_bytes());
            }
        }
        out
    }

    /// The predictor that was saved, at the beginning of a session, for a character of this plan.
    ///
    /// # Errors
    /// [`Refused`] when the bytes are anything else.
    pub fn restore(tier: Tier, bytes: &[u8]) -> Result<Self, Refused> {
        let mut read = Reader(bytes);
        if bytes.len() > MOST_BYTES || read.byte()? != VERSION {
            return Err(Refused);
        }
        let mut saved = Self::new(tier);
        saved.vocabulary.clock = u32::from_le_bytes(read.array()?);
        for _ in 0..read.byte()? {
            let cue = match read.byte()? {
                1 => Cue::state(read.text()?),
                3 => Cue::Reaction(Reaction {
                    expression: read.text()?,
                    emotion: read.text()?,
                    animation: read.text()?,
                    intensity: Intensity::default(),
                }),
                _ => return Err(Refused),
            };
            if saved.vocabulary.words.len() >= WORDS || saved.vocabulary.find(&cue).is_some() || !fits(&cue) {
                return Err(Refused);
            }
            saved.vocabulary.words.push(Word::new(cue));
        }
        for (word, common) in saved.vocabulary.words.iter_mut().zip(&mut saved.old.common) {
            word.seen = u32::from_le_bytes(read.array()?);
            *common = read.number(0.0, 10_000.0)?;
        }
        for weight in saved.old.words.iter_mut().flatten().chain(saved.old.strengths.iter_mut().flatten()) {
            *weight = read.number(-1.0, 3.0)?;
        }
        for usual in saved.trust.usual.iter_mut().flatten() {
            *usual = read.number(-MOST, MOST)?;
        }
        while !read.0.is_empty() {
            let mut context = Context { key: u32::from_le_bytes(read.array()?), ..Context::default() };
            let pairs = usize::from(read.byte()?);
            if context.key == 0 || pairs > context.symbols.len() {
                return Err(Refused);
            }
            for (symbol, count) in context.symbols.iter_mut().zip(&mut context.counts).take(pairs) {
                *symbol = read.byte()?;
                *count = u16::from_le_bytes(read.array()?);
            }
            saved.old.lasting.put(context).ok_or(Refused)?;
        }
        saved.trust.begin(saved.old.knows_anything());
        Ok(saved)
    }
}

fn byte(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// A vocabulary holds fewer bytes than a `u16` counts.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend(u16::try_from(text.len()).unwrap_or_default().to_le_bytes());
    out.extend(text.as_bytes());
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Refused)?;
        self.0 = rest;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8, Refused> {
        self.array().map(|[byte]| byte)
    }

    fn text(&mut self) -> Result<String, Refused> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        let (text, rest) = self.0.split_at_checked(length).ok_or(Refused)?;
        self.0 = rest;
        std::str::from_utf8(text).map(str::to_owned).map_err(|_| Refused)
    }

    /// NaN lies in no range.
    fn number(&mut self, low: f32, high: f32) -> Result<f32, Refused> {
        let number = f32::from_le_bytes(self.array()?);
        if (low..=high).contains(&number) { Ok(number) } else { Err(Refused) }
    }
}
