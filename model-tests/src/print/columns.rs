//! A table with a column for the number of a step and one for each thread, in
//! which a line breaks only where its parts meet.

use anstyle::Style;

/// The least width of a thread's column.
const NARROW: usize = 24;

/// How far a cell's later lines are indented.
const INDENT: usize = 5;

/// Text in one style.
#[derive(Clone, Debug)]
pub(super) struct Span {
    text: String,
    style: Style,
}

impl Span {
    pub(super) fn new(text: String, style: Style) -> Self {
        Span { text, style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// What one step says.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Marks in front, or nothing for a heading.
    pub marks: String,
    /// Parts that stay whole, as far as the column is wide enough.
    pub parts: Vec<Vec<Span>>,
    /// Of the marks, and of text without a style of its own.
    pub style: Style,
}

impl Cell {
    /// The lines of this cell in a column so wide.
    fn lines(&self, width: usize) -> Vec<Vec<Span>> {
        let mut lines = Vec::new();
        let mut line = vec![Span::new(self.marks.clone(), self.style)];
        let mut used = self.marks.chars().count();
        let mut begun = false;
        let pieces = self.parts.iter().flat_map(|part| {
            // One that no line has room for breaks at its spaces.
            let room = width.saturating_sub(INDENT);
            match part.iter().map(Span::width).sum::<usize>() <= room {
                true => vec![(2, part.clone())],
                false => at_spaces(part),
            }
        });
        for (gap, part) in pieces {
            let needed: usize = part.iter().map(Span::width).sum();
            if begun && used + gap + needed > width {
                lines.push(std::mem::take(&mut line));
                line.push(Span::new(" ".repeat(INDENT), Style::new()));
                used = INDENT;
            } else if begun {
                line.push(Span::new(" ".repeat(gap), Style::new()));
                used += gap;
            }
            for span in part {
                let plain = span.style == Style::new();
                let style = if plain { self.style } else { span.style };
                line.push(Span::new(span.text, style));
            }
            used += needed;
            begun = true;
        }
        lines.push(line);
        lines
    }

    /// The width of all in one line, and of the widest part.
    fn widths(&self) -> (usize, usize) {
        let part = |part: &Vec<Span>| part.iter().map(Span::width).sum::<usize>();
        let marks = self.marks.chars().count();
        let all: usize = self.parts.iter().map(part).sum();
        let gaps = 2 * self.parts.len().saturating_sub(1);
        let first = self.parts.first().map_or(0, |first| marks + part(first));
        let later = self.parts.iter().skip(1).map(|p| INDENT + part(p)).max();
        (marks + all + gaps, first.max(later.unwrap_or(0)))
    }
}

/// The words of a part, each with its distance from the one before.
fn at_spaces(part: &[Span]) -> Vec<(usize, Vec<Span>)> {
    let mut words = vec![(2, Vec::new())];
    for span in part {
        for (index, word) in span.text.split(' ').enumerate() {
            if index > 0 {
                words.push((1, Vec::new()));
            }
            if let Some((_, spans)) = words.last_mut().filter(|_| !word.is_empty()) {
                spans.push(Span::new(word.to_owned(), span.style));
            }
        }
    }
    words.retain(|(_, spans)| !spans.is_empty());
    words
}

/// The table.
#[derive(Debug)]
pub(super) struct Columns {
    threads: usize,
    width: usize,
    rows: Vec<(Option<usize>, usize, Cell)>,
}

impl Columns {
    /// A table for so many threads, at most `width` wide if their columns are
    /// not too narrow then.
    pub(super) fn new(threads: usize, width: usize) -> Self {
        Columns {
            threads,
            width,
            rows: Vec::new(),
        }
    }

    /// Adds a row: a step, or without a number a heading.
    pub(super) fn add(&mut self, number: Option<usize>, thread: usize, cell: Cell) {
        self.rows.push((number, thread, cell));
    }

    fn number_width(&self) -> usize {
        let last = self.rows.iter().filter_map(|(number, ..)| *number).max();
        last.map_or(1, |last| last.to_string().len())
    }

    /// A width for each thread: what it needs, or a fair share.
    fn widths(&self) -> Vec<usize> {
        let of = |thread: usize, width: fn(&Cell) -> usize| {
            let cells = self.rows.iter().filter(move |(_, of, _)| *of == thread);
            cells.map(|(.., cell)| width(cell)).max().unwrap_or(0)
        };
        let threads = 1..=self.threads;
        let wanted: Vec<usize> = threads
            .clone()
            .map(|t| of(t, |c| c.widths().0).max(2))
            .collect();
        let least: Vec<usize> = threads
            .map(|t| of(t, |c| c.widths().1).min(NARROW))
            .collect();
        // Each column is followed by its border.
        let frame = self.number_width() + 4 + 3 * self.threads;
        let mut room = self.width.saturating_sub(frame);
        let mut widths = vec![0; self.threads];
        let mut left: Vec<usize> = (0..self.threads).collect();
        // The narrow ones get what they want, the others share the rest.
        while !left.is_empty() {
            let share = room / left.len();
            let (narrow, wide): (Vec<usize>, Vec<usize>) =
                left.iter().partition(|&&column| wanted[column] <= share);
            if narrow.is_empty() {
                for column in wide {
                    widths[column] = share.max(least[column]);
                }
                break;
            }
            for &column in &narrow {
                widths[column] = wanted[column];
                room -= wanted[column];
            }
            left = wide;
        }
        widths
    }

    /// The table, with styles.
    pub(super) fn text(&self) -> String {
        let widths = self.widths();
        let number = self.number_width();
        let rule = |left: char, cross: char, right: char| {
            let mut rule = format!("{left}{}", "─".repeat(number + 2));
            for width in &widths {
                rule.push(cross);
                rule.push_str(&"─".repeat(width + 2));
            }
            rule.push(right);
            rule.push('\n');
            rule
        };
        let mut text = rule('┌', '┬', '┐');
        let title = |thread: usize| Span::new(format!("T{thread}"), Style::new().bold());
        let titles: Vec<_> = (1..=self.threads).map(|t| vec![title(t)]).collect();
        text.push_str(&line("", number, &widths, |thread| Some(&titles[thread])));
        text.push_str(&rule('├', '┼', '┤'));
        for (step, thread, cell) in &self.rows {
            let mut step = step.map_or_else(String::new, |step| step.to_string());
            for spans in cell.lines(widths[thread - 1]) {
                let cell = |column: usize| (column + 1 == *thread).then_some(&spans);
                text.push_str(&line(&step, number, &widths, cell));
                step.clear();
            }
        }
        text.push_str(&rule('└', '┴', '┘'));
        text
    }
}

fn line<'a>(
    step: &str,
    number: usize,
    widths: &[usize],
    cell: impl Fn(usize) -> Option<&'a Vec<Span>>,
) -> String {
    let mut line = format!("│ {step:>number$} │");
    for (column, width) in widths.iter().enumerate() {
        line.push(' ');
        let mut used = 0;
        for span in cell(column).into_iter().flatten() {
            let style = span.style;
            line.push_str(&format!("{style}{}{style:#}", span.text));
            used += span.width();
        }
        line.push_str(&" ".repeat(width.saturating_sub(used)));
        line.push_str(" │");
    }
    line.push('\n');
    line
}
