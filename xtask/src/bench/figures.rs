//! Numbers that describe a run, and what several runs of two contestants say together. Medians, since a
//! machine that is busy for one round must not decide.

use std::time::Duration;

use super::load::Run;

/// One run in four numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figures {
    /// Answers a second.
    pub(super) rate: f64,
    /// The median latency, in milliseconds.
    pub(super) p50: f64,
    /// What 99 of 100 answers do not exceed, in milliseconds.
    pub(super) p99: f64,
    /// Processor time of the whole runtime for each answer, in microseconds. Zero where the system
    /// does not tell.
    pub(super) cpu: f64,
}

impl Figures {
    /// Those of `run`, during which the runtime used `cpu`.
    pub(super) fn of(run: &Run, cpu: Duration) -> Self {
        let count = run.latencies.len().max(1) as f64;
        Self {
            rate: count / run.elapsed.as_secs_f64().max(f64::EPSILON),
            p50: millis(quantile(&run.latencies, 0.5)),
            p99: millis(quantile(&run.latencies, 0.99)),
            cpu: cpu.as_secs_f64() * 1e6 / count,
        }
    }

    /// Each number's median over several runs.
    pub(super) fn median(runs: &[Self]) -> Self {
        let of = |number: fn(&Self) -> f64| median(runs.iter().map(number).collect());
        Self { rate: of(|f| f.rate), p50: of(|f| f.p50), p99: of(|f| f.p99), cpu: of(|f| f.cpu) }
    }

    /// Each number as a multiple of `other`'s.
    pub(super) fn relative_to(&self, other: &Self) -> Self {
        let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { f64::NAN };
        Self {
            rate: ratio(self.rate, other.rate),
            p50: ratio(self.p50, other.p50),
            p99: ratio(self.p99, other.p99),
            cpu: ratio(self.cpu, other.cpu),
        }
    }
}

/// The value that a share of `sorted` does not exceed: the nearest rank.
fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The middle one; of an even number the upper of the two.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_percentile_of_a_hundred_is_the_last_but_one() {
        let sorted: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&sorted, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&sorted, 0.5), Duration::from_millis(50));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn one_slow_round_does_not_decide() {
        let figures = |rate| Figures { rate, p50: 1.0, p99: 2.0, cpu: 3.0 };
        assert_eq!(Figures::median(&[figures(100.0), figures(3.0), figures(102.0)]), figures(100.0));
    }

    #[test]
    fn a_rate_counts_answers_by_the_second() {
        let latencies = vec![Duration::from_millis(10); 50];
        let run = Run { elapsed: Duration::from_millis(500), latencies };
        let figures = Figures::of(&run, Duration::from_millis(5));
        assert_eq!((figures.rate, figures.p50, figures.cpu), (100.0, 10.0, 100.0));
    }
}
