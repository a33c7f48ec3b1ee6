//! A PNG picture as pixels: as much of the format as a browser's screencast uses (8 bits a channel, with
//! or without opacity, not interlaced). Everything else is refused.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::ZlibDecoder;

/// Larger than any picture of a screencast, in px a side.
const MOST_PX: usize = 4096;

/// Rows of pixels.
#[derive(Debug)]
pub(super) struct Picture {
    width: usize,
    /// Bytes a pixel: 3 or 4.
    channels: usize,
    bytes: Vec<u8>,
}

impl Picture {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no PNG, it is broken, or it is of a kind that a screencast does not send.
    pub(super) fn read(file: &[u8]) -> Result<Self> {
        let mut rest = file.strip_prefix(b"\x89PNG\r\n\x1a\n").context("no PNG")?;
        let mut head: Option<(usize, usize, usize)> = None;
        let mut packed = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let (kind, after) = after.split_first_chunk::<4>().context("a chunk without a name")?;
            let data = after.get(..length).context("a chunk is cut off")?;
            match kind {
                b"IHDR" => head = Some(header(data)?),
                b"IDAT" => packed.extend_from_slice(data),
                _ => {}
            }
            // Four bytes of check sum; zlib has one of its own over the pixels.
            rest = after.get(length + 4..).unwrap_or_default();
        }
        let (width, height, channels) = head.context("no header")?;
        let mut rows = Vec::with_capacity((width * channels + 1) * height);
        ZlibDecoder::new(packed.as_slice()).take(rows.capacity() as u64).read_to_end(&mut rows)?;
        ensure!(rows.len() == (width * channels + 1) * height, "rows are missing");
        Ok(Self { width, channels, bytes: unfilter(&rows, width * channels, channels)? })
    }

    #[cfg(test)]
    pub(super) fn of_rgb(width: usize, height: usize, bytes: Vec<u8>) -> Self {
        assert_eq!(bytes.len(), width * height * 3);
        Self { width, channels: 3, bytes }
    }

    /// The mean colour of a square; black outside of the picture.
    pub(super) fn mean(&self, x: usize, y: usize, side: usize) -> [u8; 3] {
        let mut sums = [0_u32; 3];
        for row in y..y + side {
            let start = (row * self.width + x) * self.channels;
            let pixels = self.bytes.get(start..start + side * self.channels).unwrap_or_default();
            for pixel in pixels.chunks_exact(self.channels) {
                sums.iter_mut().zip(pixel).for_each(|(sum, byte)| *sum += u32::from(*byte));
            }
        }
        let count = (side * side).max(1) as u32;
        sums.map(|sum| (sum / count) as u8)
    }
}

fn header(data: &[u8]) -> Result<(usize, usize, usize)> {
    let &[a, b, c, d, e, f, g, h, depth, kind, _, _, interlaced] = data else { bail!("a broken header") };
    let (width, height) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    let (width, height) = (width as usize, height as usize);
    ensure!((1..=MOST_PX).contains(&width) && (1..=MOST_PX).contains(&height), "a picture of odd size");
    ensure!(depth == 8 && interlaced == 0, "a kind of PNG that no screencast sends");
    match kind {
        2 => Ok((width, height, 3)),
        6 => Ok((width, height, 4)),
        _ => bail!("a kind of PNG that no screencast sends"),
    }
}

/// Takes back what each row's filter did (PNG, section 9).
fn unfilter(rows: &[u8], stride: usize, channels: usize) -> Result<Vec<u8>> {
    let mut done: Vec<u8> = Vec::with_capacity(rows.len());
    let mut above = vec![0; stride];
    for row in rows.chunks_exact(stride + 1) {
        let Some((filter, row)) = row.split_first() else { break };
        let mut line = row.to_vec();
        for at in 0..stride {
            let left = if at < channels { 0 } else { line[at - channels] };
            let corner = if at < channels { 0 } else { above[at - channels] };
            let guess = match filter {
                0 => break,
                1 => left,
                2 => above[at],
                3 => u16::midpoint(left.into(), above[at].into()) as u8,
                4 => paeth(left, above[at], corner),
                _ => bail!("an unknown filter"),
            };
            line[at] = line[at].wrapping_add(guess);
        }
        done.extend_from_slice(&line);
        above = line;
    }
    Ok(done)
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let (to_left, to_above, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if to_left <= to_above && to_left <= to_corner {
        left
    } else if to_above <= to_corner {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        [&(data.len() as u32).to_be_bytes()[..], &kind, data, &[0; 4]].concat()
    }

    fn png(width: u32, height: u32, rows: &[u8]) -> Vec<u8> {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(rows).unwrap();
        let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        [
            b"\x89PNG\r\n\x1a\n".to_vec(),
            chunk(*b"IHDR", &head),
            chunk(*b"IDAT", &zlib.finish().unwrap()),
            chunk(*b"IEND", &[]),
        ]
        .concat()
    }

    #[test]
    fn each_filter_is_taken_back() {
        // The same two pixels, (10, 20, 30) and (13, 26, 39), in every row, as each filter writes them.
        let rows = [
            [0, 10, 20, 30, 13, 26, 39],
            [1, 10, 20, 30, 3, 6, 9],
            [2, 0, 0, 0, 0, 0, 0],
            [3, 5, 10, 15, 2, 3, 5],
            [4, 0, 0, 0, 0, 0, 0],
        ];
        let picture = Picture::read(&png(2, 5, &rows.concat())).unwrap();
        for row in 0..5 {
            assert_eq!(picture.mean(0, row, 1), [10, 20, 30], "row {row}");
            assert_eq!(picture.mean(1, row, 1), [13, 26, 39], "row {row}");
        }
    }

    #[test]
    fn a_broken_file_is_refused() {
        let whole = png(2, 1, &[0, 1, 2, 3, 4, 5, 6]);
        assert!(Picture::read(&whole).is_ok());
        assert!(Picture::read(&whole[..40]).is_err());
        assert!(Picture::read(b"GIF89a").is_err());
        assert!(Picture::read(&png(2, 1, &[9, 1, 2, 3, 4, 5, 6])).is_err());
    }
}
