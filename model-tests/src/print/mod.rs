//! What the commands print: for people, and as JSON lines.

pub mod audit;
mod columns;
pub mod failure;
pub mod line;
pub mod outcomes;
pub mod steps;
pub mod story;

use anstyle::{AnsiColor, Style};

use pipe::Verdict;

/// How a verdict looks on a terminal.
pub fn style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::CutOff | Verdict::ToolFailure => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    color.on_default().bold()
}

/// A verdict, coloured; the stream it goes to strips what it does not want.
pub fn verdict(verdict: Verdict) -> String {
    let style = style(verdict);
    format!("{style}{verdict}{style:#}")
}

/// A duration, short.
pub fn seconds(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else if seconds < 7_200.0 {
        format!("{:.1} min", seconds / 60.0)
    } else if seconds < 172_800.0 {
        format!("{:.1} h", seconds / 3_600.0)
    } else {
        format!("{:.1} days", seconds / 86_400.0)
    }
}

/// A number with thin groups of three digits.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_are_grouped_from_the_right() {
        assert_eq!(super::count(7), "7");
        assert_eq!(super::count(1234), "1,234");
        assert_eq!(super::count(123456), "123,456");
    }
}
