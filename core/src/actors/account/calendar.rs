//! Days and months of UTC, from milliseconds since the epoch. Knows no other calendar and no clock.

use std::fmt;

use crate::units::Millis;

/// A day in milliseconds. UTC as computers count it has no leap seconds.
const DAY: u64 = 86_400_000;

/// A day, counted from 1970-01-01, which is day 0.
pub(super) fn day_of(at: Millis) -> u64 {
    at.0 / DAY
}

/// When a day begins.
pub(super) fn start_of(day: u64) -> Millis {
    Millis(day.saturating_mul(DAY))
}

/// A date of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    year: u64,
    /// 1 to 12.
    month: u64,
    /// 1 to 31.
    day: u64,
}

impl Date {
    /// The date of a day. The method is Howard Hinnant's `civil_from_days`: years begin in March,
    /// so that a leap day is the last of its year, and 400 years are an era of 146,097 days.
    pub(super) fn of(day: u64) -> Self {
        let since_era_0 = day + 719_468;
        let (era, day_of_era) = (since_era_0 / 146_097, since_era_0 % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
        }
    }

    /// Whether both are in one month of one year.
    pub(super) fn shares_month(self, other: Self) -> bool {
        (self.year, self.month) == (other.year, other.month)
    }
}

impl fmt::Display for Date {
    /// As `YYYY-MM-DD` (ISO 8601).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The first day of the month after the one that `day` is in.
pub(super) fn next_month(day: u64) -> u64 {
    let date = Date::of(day);
    let mut next = day + 1;
    while Date::of(next).shares_month(date) {
        next += 1;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The date after `date`, by the rule one learns at school.
    fn tomorrow(Date { year, month, day }: Date) -> Date {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        match (month, day == days) {
            (_, false) => Date { year, month, day: day + 1 },
            (12, true) => Date { year: year + 1, month: 1, day: 1 },
            (_, true) => Date { year, month: month + 1, day: 1 },
        }
    }

    #[test]
    fn every_day_of_a_thousand_years_has_its_date() {
        let mut date = Date { year: 1970, month: 1, day: 1 };
        for day in 0..365_243 {
            assert_eq!(Date::of(day), date);
            date = tomorrow(date);
        }
        assert_eq!(date.to_string(), "2970-01-01");
    }

    #[test]
    fn a_month_ends_with_its_last_day() {
        let leap_february = day_of(Millis(1_709_164_800_000));
        assert_eq!(Date::of(leap_february).to_string(), "2024-02-29");
        assert_eq!(next_month(leap_february), leap_february + 1);
        assert_eq!(Date::of(next_month(leap_february + 1)).to_string(), "2024-04-01");
        let new_year = next_month(day_of(Millis(1_733_011_200_000)));
        assert_eq!(Date::of(new_year).to_string(), "2025-01-01");
        assert_eq!(start_of(new_year), Millis(1_735_689_600_000));
    }

    #[test]
    fn no_time_is_too_late_for_a_date() {
        let last = day_of(Millis(u64::MAX));
        assert!(next_month(last) > last);
    }
}
