//! Makes what vendors sell: PNG pictures and H.264 clips, drawn on threads of their own, two at a
//! time. The same brief gives the same bytes, and is drawn once while it is remembered.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::picture::Picture;
use super::scene::Scene;
use crate::encode::{EncodeError, Encoder};

/// How many briefs are drawn at once.
const DRAWN_AT_ONCE: usize = 2;
/// How many results are remembered.
const REMEMBERED: usize = 64;
/// The largest picture, in px: a wide one of the size that vendors call 2K.
const LARGEST_PICTURE: u64 = 1 << 23;
/// The largest frame of a clip, in px.
const LARGEST_FRAME: u64 = 1_920 * 1_088;
/// The longest clip, in milliseconds.
const LONGEST_MS: u32 = 600_000;
/// How much of a clip is drawn at least before it repeats, in milliseconds. Less in unit tests, which
/// look at files and not at what is seen.
const PERIOD_MS: u32 = if cfg!(test) { 250 } else { 3_000 };

/// What to make.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Width in px.
    pub width: u32,
    /// Height in px.
    pub height: u32,
    /// What makes it differ from others with the same words.
    pub seed: u64,
    /// Who and what; see [`super::scene`].
    pub words: String,
    /// The pictures that go into it, side by side; what a clip starts with.
    pub inputs: Vec<Picture>,
    /// What a clip ends with.
    pub last: Option<Picture>,
}

/// Why something was not made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// It is too large, or has no size.
    #[error("{0}x{1} px cannot be made here")]
    Size(u32, u32),
    /// It is too long, or has no frames.
    #[error("a clip of {0} ms at {1} frames a second cannot be made here")]
    Length(u32, u32),
    /// The encoder failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The picture could not be written, or its thread broke.
    #[error("it could not be drawn")]
    Broken,
}

/// A maker. Cloning gives another handle to the same one.
#[derive(Debug, Clone)]
pub struct Maker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    slots: Semaphore,
    made: Mutex<LruCache<[u8; 32], Bytes>>,
}

impl Default for Maker {
    fn default() -> Self {
        let made = Mutex::new(LruCache::new(NonZeroUsize::new(REMEMBERED).unwrap_or(NonZeroUsize::MIN)));
        Self(Arc::new(Shared { slots: Semaphore::new(DRAWN_AT_ONCE), made }))
    }
}

impl Maker {
    /// A picture, as the bytes of a PNG file.
    ///
    /// # Errors
    /// When it is too large or cannot be drawn.
    pub async fn picture(&self, brief: Brief) -> Result<Bytes, MakeError> {
        let name = brief.digest(0, 0);
        self.once(name, move || {
            let (width, height) = (brief.width, brief.height);
            if !(1..=LARGEST_PICTURE).contains(&(u64::from(width) * u64::from(height))) {
                return Err(MakeError::Size(width, height));
            }
            let drawn = Scene::of(&brief.words, brief.seed).still(&brief).ok_or(MakeError::Broken)?;
            drawn.encode_png().map_err(|_| MakeError::Broken)
        })
        .await
    }

    /// A clip of exactly this length, as the bytes of an MP4 file without sound. A long one repeats
    /// itself. Sides are rounded down to even numbers.
    ///
    /// # Errors
    /// When it is too large, too long, or cannot be drawn.
    pub async fn clip(&self, brief: Brief, fps: u32, duration_ms: u32) -> Result<Bytes, MakeError> {
        let name = brief.digest(fps, duration_ms);
        self.once(name, move || film(brief, fps, duration_ms)).await
    }

    /// What a brief comes to, drawn now or remembered.
    async fn once(
        &self,
        name: [u8; 32],
        draw: impl FnOnce() -> Result<Vec<u8>, MakeError> + Send + 'static,
    ) -> Result<Bytes, MakeError> {
        let known = || self.0.made.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(bytes) = known() {
            return Ok(bytes);
        }
        let _slot = self.0.slots.acquire().await.map_err(|_| MakeError::Broken)?;
        // Another may have drawn it while this one waited.
        if let Some(bytes) = known() {
            return Ok(bytes);
        }
        let drawn = tokio::task::spawn_blocking(draw).await.map_err(|_| MakeError::Broken)??;
        let bytes = Bytes::from(drawn);
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner).put(name, bytes.clone());
        Ok(bytes)
    }
}

impl Brief {
    fn digest(&self, fps: u32, duration_ms: u32) -> [u8; 32] {
        let mut hash = Sha256::new();
        for number in [self.width, self.height, fps, duration_ms] {
            hash.update(number.to_be_bytes());
        }
        hash.update(self.seed.to_be_bytes());
        hash.update(self.words.len().to_be_bytes());
        hash.update(&self.words);
        for picture in &self.inputs {
            hash.update(picture.digest());
        }
        if let Some(last) = &self.last {
            hash.update(b"last");
            hash.update(last.digest());
        }
        hash.finalize().into()
    }
}

fn film(brief: Brief, fps: u32, duration_ms: u32) -> Result<Vec<u8>, MakeError> {
    let brief = Brief { width: brief.width & !1, height: brief.height & !1, ..brief };
    let (width, height) = (brief.width, brief.height);
    if !(1..=LARGEST_FRAME).contains(&(u64::from(width) * u64::from(height))) {
        return Err(MakeError::Size(width, height));
    }
    if !(1..=60).contains(&fps) || !(1..=LONGEST_MS).contains(&duration_ms) {
        return Err(MakeError::Length(duration_ms, fps));
    }
    let film = Scene::of(&brief.words, brief.seed).film(&brief).ok_or(MakeError::Broken)?;
    let frames = (duration_ms * fps).div_ceil(1_000);
    // As many whole repetitions as fit, each of at least the shortest period.
    let repeats = if film.is_loop() { (duration_ms / PERIOD_MS).max(1) } else { 1 };
    let period = frames.div_ceil(repeats);
    // A loop's last frame comes just before its first; a clip that ends somewhere gets there.
    let steps = if film.is_loop() { period } else { (period - 1).max(1) };
    let mut encoder = Encoder::new(width, height, fps)?;
    for index in 0..period {
        let frame = film.frame(f64::from(index) / f64::from(steps)).ok_or(MakeError::Broken)?;
        encoder.push(&frame)?;
    }
    encoder.repeat(frames as usize);
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(width: u32, height: u32) -> Brief {
        Brief { width, height, seed: 3, words: "a robot waves".into(), inputs: Vec::new(), last: None }
    }

    #[tokio::test]
    async fn a_picture_has_the_size_that_was_asked_for() {
        let maker = Maker::default();
        let bytes = maker.picture(brief(72, 40)).await.unwrap();
        let picture = Picture::decode(&bytes).unwrap();
        assert_eq!((picture.width, picture.height), (72, 40));
        assert_eq!(maker.picture(brief(72, 40)).await.unwrap().as_ptr(), bytes.as_ptr());
    }

    #[tokio::test]
    async fn a_picture_goes_into_the_clip_that_is_made_of_it() {
        let maker = Maker::default();
        let plain = maker.clip(brief(64, 64), 8, 1_000).await.unwrap();
        let input = Picture::decode(&maker.picture(brief(80, 80)).await.unwrap()).unwrap();
        let made = maker.clip(Brief { inputs: vec![input], ..brief(64, 64) }, 8, 1_000).await.unwrap();
        assert_eq!(&made[4..8], b"ftyp");
        assert!(made != plain);
    }

    #[tokio::test]
    async fn what_is_out_of_bounds_is_not_made() {
        let maker = Maker::default();
        assert!(matches!(maker.picture(brief(4_000, 4_000)).await, Err(MakeError::Size(..))));
        assert!(matches!(maker.clip(brief(2_160, 2_160), 24, 1_000).await, Err(MakeError::Size(..))));
        assert!(matches!(maker.clip(brief(64, 64), 0, 1_000).await, Err(MakeError::Length(..))));
        assert!(matches!(maker.clip(brief(64, 64), 24, 700_000).await, Err(MakeError::Length(..))));
    }
}
