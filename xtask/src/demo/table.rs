//! The results in words: a line while they come, a table when all are there.

use std::fmt::Write as _;

use super::Row;
use super::media::Media;

/// What a file is: `1280x720, 5.0 s, 120 frames`, or the size of a picture.
pub(super) fn about(media: &Media) -> String {
    let size = format!("{}x{}", media.width, media.height);
    match media.seconds {
        Some(seconds) => format!("{size}, {seconds:.1} s, {} frames", media.frames),
        None => size,
    }
}

/// A line about one that has just ended.
pub(super) fn progress(row: &Row) -> String {
    match &row.made {
        Ok(made) => format!("{}: {} in {} ms", row.wish.name(), about(&made.media), made.latency.as_millis()),
        Err(reason) => format!("{}: FAILED: {reason}", row.wish.name()),
    }
}

/// Millionths of a dollar, as dollars.
pub(super) fn dollars(micro_usd: u64) -> String {
    format!("${}.{:04}", micro_usd / 1_000_000, micro_usd % 1_000_000 / 100)
}

/// All of them.
pub(super) fn of(rows: &[Row]) -> String {
    let mut text = format!(
        "\n{:<34} {:<17} {:>8} {:>9} {:>9}  {:<10} {:>9}  {:>6} {:>6}\n",
        "model", "operation", "ms", "cost", "bytes", "type", "px", "s", "frames"
    );
    for row in rows {
        let _ = write!(text, "{:<34} {:<17} ", row.wish.model, row.wish.operation);
        let _ = match &row.made {
            Ok(made) => {
                let media = &made.media;
                let seconds = media.seconds.map(|seconds| format!("{seconds:.1}")).unwrap_or_default();
                writeln!(
                    text,
                    "{:>8} {:>9} {:>9}  {:<10} {:>9}  {seconds:>6} {:>6}",
                    made.latency.as_millis(),
                    dollars(made.cost),
                    media.bytes,
                    media.media_type,
                    format!("{}x{}", media.width, media.height),
                    media.frames,
                )
            }
            Err(reason) => writeln!(text, "FAILED: {reason}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_told_to_the_hundredth_of_a_cent() {
        assert_eq!(dollars(0), "$0.0000");
        assert_eq!(dollars(39_000), "$0.0390");
        assert_eq!(dollars(7_500_000), "$7.5000");
    }
}
