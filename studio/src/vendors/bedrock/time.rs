//! Times as AWS writes them, to and from seconds since the epoch.

/// Reads `20261121T123456Z`.
pub(super) fn read_basic(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let date = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    moment(date, (number(9, 11)?, number(11, 13)?, number(13, 15)?))
}

/// Reads `2026-11-21T12:34:56Z`, with or without a fraction, which is ignored.
pub(super) fn read_extended(text: &str) -> Option<u64> {
    let whole = text.strip_suffix('Z')?.split('.').next()?;
    let basic: String = whole.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    read_basic(&format!("{basic}Z"))
}

/// Writes milliseconds since the epoch as `2026-11-21T12:34:56.789Z`.
pub(super) fn write(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1_000)
}

/// Writes milliseconds since the epoch as HTTP does: `Sat, 21 Nov 2026 12:34:56 GMT`.
pub(super) fn write_http(ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = civil(days);
    let name = |list: &[&'static str], at: u64| {
        usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or_default()
    };
    let (weekday, month) = (name(&DAYS, days % 7), name(&MONTHS, month - 1));
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

fn moment((year, month, day): (u64, u64, u64), (hour, minute, second): (u64, u64, u64)) -> Option<u64> {
    if year < 1970
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    Some(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days since the epoch. Years begin in March here, so that a leap day is the last of its year.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    // 719468 days lie between the first of March of the year 0 and the epoch.
    y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468
}

/// The date of a day since the epoch.
fn civil(since_epoch: u64) -> (u64, u64, u64) {
    // An estimate of the year that is never too late, then forward.
    let mut year = 1970 + since_epoch / 366;
    while days(year + 1, 1, 1) <= since_epoch {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= since_epoch).unwrap_or(1);
    (year, month, since_epoch - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(read_basic("19700101T000000Z"), Some(0));
        assert_eq!(read_basic("20240229T235959Z"), Some(1_709_251_199));
        assert_eq!(read_extended("2026-11-21T00:00:00.5Z"), read_basic("20261121T000000Z"));
        assert_eq!(write(1_709_251_199_007), "2024-02-29T23:59:59.007Z");
        assert_eq!(write_http(1_709_251_199_007), "Thu, 29 Feb 2024 23:59:59 GMT");
        assert_eq!(read_basic("20241301T000000Z"), None);
        assert_eq!(read_basic("yesterday, noon!"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0u64..4_102_444_800) {
            prop_assert_eq!(read_extended(&write(seconds * 1_000)), Some(seconds));
        }
    }
}
