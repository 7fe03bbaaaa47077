//! The source of a device tree: its memory, and what of it is reserved.

use std::ops::Range;

use meta_core::boot::MemoryRegionType::{Reserved, Usable};

use super::{Form, Map, MapError, unquoted};

/// Whether the text is such a source.
pub(super) fn is_source(text: &str) -> bool {
    let marks = [
        "/dts-v1/",
        "device_type = \"memory\"",
        "reserved-memory {",
        "/memreserve/",
    ];
    marks.iter().any(|mark| text.contains(mark)) && (text.contains('{') || text.contains("/mem"))
}

/// Reads the nodes of memory (`device_type = "memory"`, or called `memory`), the
/// children of `reserved-memory`, and `/memreserve/`.
///
/// # Errors
///
/// A place where the text is no source, or an address that is no number.
pub(super) fn parse(text: &str) -> Result<Map, MapError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        map: Map {
            forms: vec![Form::DeviceTree],
            ..Map::default()
        },
    };
    // A part of a source: most machines have two cells for each.
    let mut outside = Node {
        name: "/".to_owned(),
        size_cells: 2,
        ..Node::default()
    };
    while parser.at < parser.tokens.len() {
        parser.item(&mut outside)?;
    }
    Ok(parser.map)
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Sign(char),
}

/// A node, as far as it matters.
#[derive(Debug)]
struct Node {
    name: String,
    line: usize,
    address_cells: usize,
    size_cells: usize,
    /// The cells of `reg`, and the line it is in.
    reg: Option<(Vec<u64>, usize)>,
    is_memory: bool,
    is_disabled: bool,
    is_dynamic: bool,
}

impl Default for Node {
    fn default() -> Self {
        Node {
            name: String::new(),
            line: 0,
            // As the specification has it where nothing is said.
            address_cells: 2,
            size_cells: 1,
            reg: None,
            is_memory: false,
            is_disabled: false,
            is_dynamic: false,
        }
    }
}

struct Parser<'a> {
    tokens: Vec<(Token<'a>, usize)>,
    at: usize,
    map: Map,
}

impl<'a> Parser<'a> {
    fn error(&self, line: usize, what: impl Into<String>) -> MapError {
        MapError {
            line,
            what: what.into(),
        }
    }

    fn line(&self) -> usize {
        let at = self.at.min(self.tokens.len().saturating_sub(1));
        self.tokens.get(at).map_or(1, |(_, line)| *line)
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn next(&mut self) -> Result<Token<'a>, MapError> {
        let token = self.peek().cloned();
        let token = token.ok_or_else(|| self.error(self.line(), "the text ends within a node"))?;
        self.at += 1;
        Ok(token)
    }

    /// A node, a property, or a directive; `of` is the node it is in.
    fn item(&mut self, of: &mut Node) -> Result<(), MapError> {
        let line = self.line();
        let mut name = "";
        loop {
            match self.next()? {
                Token::Word("/memreserve/") => return self.memreserve(),
                Token::Word(word) => name = word,
                Token::Sign(':') => {}
                Token::Sign(';') => return Ok(()),
                Token::Sign('=') => return self.property(of, name),
                Token::Sign('{') => return self.node(name, line, of),
                Token::Text(_) if name == "/include/" => return Ok(()),
                Token::Sign(sign) => {
                    return Err(self.error(line, format!("`{sign}` is out of place")));
                }
                Token::Text(text) => {
                    return Err(self.error(line, format!("`\"{text}\"` is out of place")));
                }
            }
        }
    }

    fn node(&mut self, name: &str, line: usize, of: &Node) -> Result<(), MapError> {
        let mut node = Node {
            name: name.to_owned(),
            line,
            ..Node::default()
        };
        while self.peek() != Some(&Token::Sign('}')) {
            if self.peek().is_none() {
                return Err(self.error(line, format!("the node `{name}` has no end")));
            }
            self.item(&mut node)?;
        }
        self.at += 1;
        self.finish(&node, of)
    }

    /// What a node that is over means, given the node it is in.
    fn finish(&mut self, node: &Node, of: &Node) -> Result<(), MapError> {
        let base = node.name.split('@').next().unwrap_or_default();
        let reserved = matches!(&*of.name, "reserved-memory" | "&reserved_memory");
        // Deeper in the tree it is the memory of some device.
        let memory = of.name == "/" && (node.is_memory || base == "memory");
        if !reserved && !memory {
            return Ok(());
        }
        let Some((cells, line)) = &node.reg else {
            if node.is_dynamic && reserved {
                let unplaced = format!("line {}: `{}`", node.line, node.name);
                self.map.unplaced.push(unplaced);
            }
            return Ok(());
        };
        if !reserved && node.is_disabled {
            return Ok(());
        }
        let typ = if reserved { Reserved } else { Usable };
        let width = of.address_cells + of.size_cells;
        if cells.is_empty() || width == 0 || !cells.len().is_multiple_of(width) {
            let what = format!(
                "`reg` of `{}` has {} cells, and not a multiple of {} + {}",
                node.name,
                cells.len(),
                of.address_cells,
                of.size_cells
            );
            return Err(self.error(*line, what));
        }
        for entry in cells.chunks(width) {
            let (base, size) = entry.split_at(of.address_cells);
            self.region(*line, number(base), number(size), &node.name, typ)?;
        }
        Ok(())
    }

    fn region(
        &mut self,
        line: usize,
        base: Option<usize>,
        size: Option<usize>,
        name: &str,
        typ: meta_core::boot::MemoryRegionType,
    ) -> Result<(), MapError> {
        let (base, size) = base
            .zip(size)
            .ok_or_else(|| self.error(line, format!("`{name}` is above all addresses")))?;
        if size == 0 {
            return Ok(());
        }
        let last = base
            .checked_add(size - 1)
            .ok_or_else(|| self.error(line, format!("`{name}` is above all addresses")))?;
        let place = format!("line {line}");
        let added = self.map.add(place, (base, last), name, Some(typ));
        added.map_err(|what| self.error(line, what))
    }

    /// `/memreserve/ ADDRESS SIZE;`
    fn memreserve(&mut self) -> Result<(), MapError> {
        let line = self.line();
        let mut numbers = Vec::new();
        loop {
            match self.next()? {
                Token::Sign(';') => break,
                Token::Word(word) => numbers.push(self.cell(word, line)?),
                _ => return Err(self.error(line, "expected /memreserve/ ADDRESS SIZE;")),
            }
        }
        let [base, size] = numbers[..] else {
            return Err(self.error(line, "expected /memreserve/ ADDRESS SIZE;"));
        };
        let number = |number: u64| usize::try_from(number).ok();
        self.region(line, number(base), number(size), "/memreserve/", Reserved)
    }

    /// The value of a property, up to its semicolon.
    fn property(&mut self, of: &mut Node, name: &str) -> Result<(), MapError> {
        let line = self.line();
        let matters = matches!(name, "reg" | "#address-cells" | "#size-cells");
        let mut cells = Vec::new();
        let mut inside = false;
        loop {
            match self.next()? {
                Token::Sign(';') if !inside => break,
                Token::Sign('<') => inside = true,
                Token::Sign('>') => inside = false,
                Token::Text(text) if name == "device_type" => of.is_memory = text == "memory",
                Token::Text(text) if name == "status" => {
                    of.is_disabled = !matches!(text, "okay" | "ok");
                }
                Token::Word(word) if matters && inside => cells.push(self.cell(word, line)?),
                Token::Word(",") => {}
                Token::Sign(sign) if matters => {
                    let what = format!("`{sign}` in `{name}`: only numbers are understood");
                    return Err(self.error(line, what));
                }
                Token::Word(word) if matters => {
                    let what = format!("`{word}` in `{name}`: only numbers are understood");
                    return Err(self.error(line, what));
                }
                Token::Sign('}' | '{') => {
                    return Err(self.error(line, format!("the property `{name}` has no end")));
                }
                _ => {}
            }
        }
        match (name, &cells[..]) {
            ("reg", _) => of.reg = Some((cells, line)),
            ("#address-cells", [cell @ 0..=2]) => of.address_cells = *cell as usize,
            ("#size-cells", [cell @ 0..=2]) => of.size_cells = *cell as usize,
            ("size" | "alloc-ranges", _) => of.is_dynamic = true,
            ("#address-cells" | "#size-cells", _) => {
                return Err(self.error(line, format!("`{name}` is not a number from 0 to 2")));
            }
            _ => {}
        }
        Ok(())
    }

    fn cell(&self, word: &str, line: usize) -> Result<u64, MapError> {
        let number = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => word.parse(),
        };
        number.map_err(|_| self.error(line, format!("`{word}` is no number")))
    }
}

/// A number from its cells of 32 bits, the highest first.
fn number(cells: &[u64]) -> Option<usize> {
    let number = cells.iter().try_fold(0u64, |number, cell| {
        let high = number.checked_mul(1 << 32)?;
        (*cell <= u64::from(u32::MAX)).then(|| high | cell)
    });
    usize::try_from(number?).ok()
}

/// The words, texts and signs, each with its line; comments and the
/// preprocessor's lines are left out.
fn tokens(text: &str) -> Result<Vec<(Token<'_>, usize)>, MapError> {
    let mut tokens = Vec::new();
    let mut comment = None;
    for (index, line) in text.lines().enumerate() {
        let line = unquoted(line);
        let number = index + 1;
        let mut at = 0;
        if comment.is_none() && is_directive(line.trim_start()) {
            continue;
        }
        while at < line.len() {
            let rest = &line[at..];
            if comment.is_some() {
                match rest.find("*/") {
                    Some(end) => {
                        comment = None;
                        at += end + 2;
                    }
                    None => break,
                }
            } else if rest.starts_with("/*") {
                comment = Some(number);
                at += 2;
            } else if rest.starts_with("//") {
                break;
            } else {
                let (token, len) = token(rest);
                if let Some(token) = token.map_err(|what| MapError { line: number, what })? {
                    tokens.push((token, number));
                }
                at += len;
            }
        }
    }
    match comment {
        Some(line) => Err(MapError {
            line,
            what: "the comment has no end".to_owned(),
        }),
        None => Ok(tokens),
    }
}

/// Whether it is the preprocessor's, and not a property like `#size-cells`.
fn is_directive(line: &str) -> bool {
    let words = [
        "#include", "#define", "#undef", "#if", "#else", "#endif", "# ",
    ];
    words.iter().any(|word| line.starts_with(word))
}

/// The token at the start of the line, if it is one, and its length.
fn token(rest: &str) -> (Result<Option<Token<'_>>, String>, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    let len = first.len_utf8();
    if first.is_whitespace() {
        return (Ok(None), len);
    }
    if first == '"' {
        let inside: Range<usize> = 1..rest[1..].find('"').map_or(rest.len(), |end| end + 1);
        let token = match rest.get(inside.end..=inside.end) {
            Some(_) => Ok(Some(Token::Text(&rest[inside.clone()]))),
            None => Err("the text has no end".to_owned()),
        };
        return (token, inside.end + 1);
    }
    let of_a_word = |c: char| c.is_ascii_alphanumeric() || "#-_@,./&+?".contains(c);
    if of_a_word(first) {
        let end = rest.find(|c| !of_a_word(c)).unwrap_or(rest.len());
        return (Ok(Some(Token::Word(&rest[..end]))), end);
    }
    (Ok(Some(Token::Sign(first))), len)
}
