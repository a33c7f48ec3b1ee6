//! Frames to an MP4 file: H.264 constrained baseline, yuv420p, BT.709 limited range, one IDR frame
//! at the start, no audio, no edit list, the index before the media so that playing can begin with
//! the first bytes. One thread and fixed settings, so that the same frames give the same bytes.

use std::num::{NonZeroU16, NonZeroU32};

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, IntraFramePeriod, Profile, QpRange, RateControlMode,
    SpsPpsStrategy, VuiConfig,
};
use openh264::formats::YUVSlices;
use openh264::nal_units;
use shiguredo_mp4::boxes::{Avc1Box, AvccBox, SampleEntry, VisualSampleEntryFields};
use shiguredo_mp4::mux::{
    Mp4FileMuxer, Mp4FileMuxerOptions, MuxError, Sample, estimate_maximum_moov_box_size,
};
use shiguredo_mp4::{TrackKind, Uint};
use tiny_skia::Pixmap;

/// Why frames could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// H.264 with subsampled colour needs even sides; this one does not have them, or is too large.
    #[error("a clip of {0}x{1} px cannot be encoded: sides are even and at most 2160")]
    Size(u32, u32),
    /// There must be at least one frame a second and one frame.
    #[error("a clip has frames, and at least one a second")]
    Empty,
    /// The H.264 encoder failed.
    #[error("the H.264 encoder failed: {0}")]
    H264(#[from] openh264::Error),
    /// The file could not be put together.
    #[error("the MP4 file could not be written: {0}")]
    Mp4(#[from] MuxError),
    /// The encoder's stream lacks its parameter sets.
    #[error("the H.264 stream has no parameter sets")]
    NoParameterSets,
}

/// The kinds of NAL unit that matter here (H.264, table 7-1).
const NAL_IDR: u8 = 5;
const NAL_SPS: u8 = 7;
const NAL_PPS: u8 = 8;

/// The quantiser of every frame (H.264: 0 to 51, less is better). At 26, the encoder's own default,
/// a flat backdrop comes back visibly darker and shows as a square on the page; at 20, a clip of four
/// seconds at the fast preset passes 250 KB.
const QUALITY: u8 = 21;

/// An encoder of one clip.
pub struct Encoder {
    codec: openh264::encoder::Encoder,
    size: (u32, u32),
    timescale: NonZeroU32,
    planes: Planes,
    sps: Option<Vec<u8>>,
    pps: Option<Vec<u8>>,
    /// Each sample, in the length-prefixed form of MP4, and whether it is an IDR.
    samples: Vec<(Vec<u8>, bool)>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("size", &self.size).field("samples", &self.samples.len()).finish()
    }
}

impl Encoder {
    /// An encoder for frames of this size, in px, at this rate, in frames a second.
    ///
    /// # Errors
    /// When a side is odd, zero or too large, or the rate is zero.
    pub fn new(width: u32, height: u32, fps: u32) -> Result<Self, EncodeError> {
        let fits = |side: u32| (16..=2160).contains(&side) && side.is_multiple_of(2);
        if !fits(width) || !fits(height) {
            return Err(EncodeError::Size(width, height));
        }
        let timescale = NonZeroU32::new(fps).ok_or(EncodeError::Empty)?;
        #[allow(clippy::cast_precision_loss)]
        let rate = FrameRate::from_hz(fps as f32);
        // Constant quality: a character on a flat ground is small whatever it does, and a rate
        // controller would smear the one-shots and waste bits on the stills. The least and the most
        // quantisation are the same, and the bit rate is out of reach, so nothing is controlled.
        let config = EncoderConfig::new()
            .rate_control_mode(RateControlMode::Bufferbased)
            .qp(QpRange::new(QUALITY, QUALITY))
            .bitrate(BitRate::from_bps(20_000_000))
            .skip_frames(false)
            .max_frame_rate(rate)
            .profile(Profile::Baseline)
            .sps_pps_strategy(SpsPpsStrategy::ConstantId)
            .complexity(Complexity::Medium)
            .scene_change_detect(false)
            .adaptive_quantization(false)
            .background_detection(false)
            .intra_frame_period(IntraFramePeriod::from_num_frames(0))
            .num_threads(1)
            .vui(VuiConfig::bt709());
        Ok(Self {
            codec: openh264::encoder::Encoder::with_api_config(OpenH264API::from_source(), config)?,
            size: (width, height),
            timescale,
            planes: Planes::new(width as usize, height as usize),
            sps: None,
            pps: None,
            samples: Vec::new(),
        })
    }

    /// Appends a frame.
    ///
    /// # Errors
    /// When the frame has another size than the clip, or the encoder fails.
    pub fn push(&mut self, frame: &Pixmap) -> Result<(), EncodeError> {
        if (frame.width(), frame.height()) != self.size {
            return Err(EncodeError::Size(frame.width(), frame.height()));
        }
        self.planes.fill(frame.data());
        let stream = self.codec.encode(&self.planes.slices())?.to_vec();
        let (mut sample, mut idr) = (Vec::with_capacity(stream.len()), false);
        for unit in nal_units(&stream) {
            // What is left of the start code is zeros, and a NAL header is never zero.
            let start = unit.iter().position(|b| *b == 1).map_or(0, |at| at + 1);
            let unit = unit.get(start..).unwrap_or_default();
            match unit.first().map(|header| header & 0x1f) {
                Some(NAL_SPS) => self.sps = Some(unit.to_vec()),
                Some(NAL_PPS) => self.pps = Some(unit.to_vec()),
                Some(kind) => {
                    idr |= kind == NAL_IDR;
                    let length = u32::try_from(unit.len()).unwrap_or(u32::MAX);
                    sample.extend_from_slice(&length.to_be_bytes());
                    sample.extend_from_slice(unit);
                }
                None => {}
            }
        }
        self.samples.push((sample, idr));
        Ok(())
    }

    /// Plays what there is over and over, until there are `frames` frames. Each time begins with the
    /// first frame, which depends on none before it.
    pub fn repeat(&mut self, frames: usize) {
        let period = self.samples.len();
        for index in period..frames {
            let Some(sample) = self.samples.get(index - period).cloned() else { return };
            self.samples.push(sample);
        }
    }

    /// The finished file.
    ///
    /// # Errors
    /// When there was no frame, or the file cannot be put together.
    pub fn finish(self) -> Result<Vec<u8>, EncodeError> {
        if self.samples.is_empty() {
            return Err(EncodeError::Empty);
        }
        let mut entry = Some(self.sample_entry()?);
        let mut muxer = Mp4FileMuxer::with_options(Mp4FileMuxerOptions {
            reserved_moov_box_size: estimate_maximum_moov_box_size(&[self.samples.len()]),
            ..Mp4FileMuxerOptions::default()
        })?;
        let mut file = muxer.initial_boxes_bytes().to_vec();
        for (bytes, idr) in &self.samples {
            muxer.append_sample(&Sample {
                track_kind: TrackKind::Video,
                sample_entry: entry.take(),
                keyframe: *idr,
                timescale: self.timescale,
                duration: 1,
                composition_time_offset: None,
                data_offset: file.len() as u64,
                data_size: bytes.len(),
            })?;
            file.extend_from_slice(bytes);
        }
        // The index goes into the room that was kept for it before the media.
        for (offset, bytes) in muxer.finalize()?.offset_and_bytes_pairs() {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let end = start.saturating_add(bytes.len());
            if file.len() < end {
                file.resize(end, 0);
            }
            if let Some(room) = file.get_mut(start..end) {
                room.copy_from_slice(bytes);
            }
        }
        Ok(file)
    }

    fn sample_entry(&self) -> Result<SampleEntry, EncodeError> {
        let (sps, pps) = self.sps.as_ref().zip(self.pps.as_ref()).ok_or(EncodeError::NoParameterSets)?;
        let &[_, profile, compatibility, level, ..] = sps.as_slice() else {
            return Err(EncodeError::NoParameterSets);
        };
        let side = |px: u32| u16::try_from(px).unwrap_or(u16::MAX);
        Ok(SampleEntry::Avc1(Avc1Box {
            visual: VisualSampleEntryFields {
                data_reference_index: NonZeroU16::MIN,
                width: side(self.size.0),
                height: side(self.size.1),
                horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
                vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
                frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
                compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
                depth: VisualSampleEntryFields::DEFAULT_DEPTH,
            },
            avcc_box: AvccBox {
                avc_profile_indication: profile,
                profile_compatibility: compatibility,
                avc_level_indication: level,
                length_size_minus_one: Uint::new(3),
                sps_list: vec![sps.clone()],
                pps_list: vec![pps.clone()],
                chroma_format: None,
                bit_depth_luma_minus8: None,
                bit_depth_chroma_minus8: None,
                sps_ext_list: Vec::new(),
            },
            unknown_boxes: Vec::new(),
        }))
    }
}

/// A frame as luma and subsampled colour.
struct Planes {
    width: usize,
    height: usize,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl Planes {
    fn new(width: usize, height: usize) -> Self {
        let (luma, chroma) = (width * height, width * height / 4);
        Self { width, height, y: vec![0; luma], u: vec![0; chroma], v: vec![0; chroma] }
    }

    /// From opaque RGBA, by the matrix of BT.709 in limited range, in 16-bit fixed point
    /// (ITU-R BT.709-6, items 3.2 to 3.5). Colour is the mean of each 2 by 2 pixels.
    fn fill(&mut self, rgba: &[u8]) {
        let chroma_width = self.width / 2;
        for (pair, rows) in rgba.chunks_exact(self.width * 8).enumerate() {
            let (top, bottom) = rows.split_at(self.width * 4);
            for column in 0..chroma_width {
                let mut sum = [0i32; 3];
                for (line, row) in [top, bottom].into_iter().enumerate() {
                    for side in 0..2 {
                        let x = column * 2 + side;
                        let [r, g, b] = [row[x * 4], row[x * 4 + 1], row[x * 4 + 2]].map(i32::from);
                        let luma = (11_966 * r + 40_254 * g + 4_064 * b + 32_768) >> 16;
                        self.y[(pair * 2 + line) * self.width + x] = byte(luma + 16);
                        sum = [sum[0] + r, sum[1] + g, sum[2] + b];
                    }
                }
                let [r, g, b] = sum;
                let at = pair * chroma_width + column;
                // The sums are of four pixels, so two more bits are shifted out.
                self.u[at] = byte(((-6_596 * r - 22_189 * g + 28_784 * b + 131_072) >> 18) + 128);
                self.v[at] = byte(((28_784 * r - 26_145 * g - 2_639 * b + 131_072) >> 18) + 128);
            }
        }
    }

    fn slices(&self) -> YUVSlices<'_> {
        let half = self.width / 2;
        YUVSlices::new((&self.y, &self.u, &self.v), (self.width, self.height), (self.width, half, half))
    }
}

fn byte(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes_of(r: u8, g: u8, b: u8) -> [u8; 3] {
        let mut planes = Planes::new(2, 2);
        planes.fill(&[r, g, b, 255].repeat(4));
        [planes.y[3], planes.u[0], planes.v[0]]
    }

    #[test]
    fn colours_are_those_of_bt_709_in_limited_range() {
        assert_eq!(planes_of(0, 0, 0), [16, 128, 128]);
        assert_eq!(planes_of(255, 255, 255), [235, 128, 128]);
        // The primaries' values as printed in the recommendation's quantised examples.
        assert_eq!(planes_of(255, 0, 0), [63, 102, 240]);
        assert_eq!(planes_of(0, 255, 0), [173, 42, 26]);
        assert_eq!(planes_of(0, 0, 255), [32, 240, 118]);
    }

    #[test]
    fn what_is_repeated_starts_over_with_a_frame_that_needs_no_other() {
        let mut encoder = Encoder::new(16, 16, 8).unwrap();
        for shade in [10, 200, 90] {
            let mut frame = Pixmap::new(16, 16).unwrap();
            frame.fill(tiny_skia::Color::from_rgba8(shade, shade, shade, 255));
            encoder.push(&frame).unwrap();
        }
        encoder.repeat(8);
        let starts: Vec<bool> = encoder.samples.iter().map(|(_, idr)| *idr).collect();
        assert_eq!(starts, [true, false, false, true, false, false, true, false]);
        assert!(encoder.samples[7].0 == encoder.samples[1].0);
    }

    #[test]
    fn an_odd_or_impossible_size_is_refused() {
        for (width, height) in [(0, 0), (127, 128), (128, 4000)] {
            assert!(matches!(Encoder::new(width, height, 8), Err(EncodeError::Size(..))));
        }
        assert!(matches!(Encoder::new(128, 128, 0), Err(EncodeError::Empty)));
    }
}
