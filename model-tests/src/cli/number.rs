//! Numbers on the command line: each in its range, and with a reason if not.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The most workers that anybody can mean.
const MAX_WORKERS: usize = 1_024;

/// The most minutes: a year of them.
const MAX_MINUTES: f64 = 525_600.0;

/// How many workers.
pub fn workers(word: &str) -> Result<usize, String> {
    within(word, 1..=MAX_WORKERS)
}

/// A number of things, of which there is at least one.
pub fn at_least_one(word: &str) -> Result<u64, String> {
    within(word, 1..=u64::MAX)
}

/// A time in seconds.
pub fn seconds(word: &str) -> Result<f64, String> {
    time(word, MAX_MINUTES * 60.0)
}

/// A time in minutes.
pub fn minutes(word: &str) -> Result<f64, String> {
    time(word, MAX_MINUTES)
}

/// A number in this range.
pub(super) fn within<T>(word: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    let number = word.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        format!(
            "`{word}` is not a whole number from {} to {}",
            range.start(),
            range.end()
        )
    })
}

fn time(word: &str, most: f64) -> Result<f64, String> {
    let number = word.parse::<f64>().ok();
    number
        .filter(|number| *number > 0.0 && *number <= most)
        .ok_or_else(|| format!("`{word}` is not a number above 0, and at most {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_refused_with_the_reason() {
        for word in [
            "nan", "NaN", "inf", "-inf", "0", "-0", "-1", "1e400", "1e300", "", "1s",
        ] {
            let error = minutes(word).unwrap_err();
            assert!(error.contains("is not a number above 0"), "{error}");
            assert_eq!(seconds(word).is_err(), minutes(word).is_err(), "{word}");
        }
        assert_eq!(minutes("0.5"), Ok(0.5));
        assert_eq!(seconds("1e3"), Ok(1e3));
    }

    #[test]
    fn what_is_no_number_of_things_is_refused_with_the_reason() {
        for word in ["0", "-1", "1.5", "18446744073709551616", "inf", ""] {
            let error = at_least_one(word).unwrap_err();
            assert!(error.contains("is not a whole number from 1"), "{error}");
            assert!(workers(word).is_err());
        }
        assert_eq!(at_least_one("18446744073709551615"), Ok(u64::MAX));
        assert!(workers("1025").is_err());
        assert_eq!(workers("2"), Ok(2));
    }
}
