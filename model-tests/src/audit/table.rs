//! A complete table of orderings: the code's, or a maintainer's own.

use std::collections::BTreeMap;

use pipe::{Description, OrderingChange, Site};

use super::variants::{self, Halves};

/// An ordering for every modelled site.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Table(BTreeMap<Site, Halves>);

impl Table {
    /// The orderings of the code.
    pub fn of_code(subject: &'static Description) -> Self {
        let of = |site: Site| (site, Halves::of(site.ordering));
        Table(subject.modelled_sites().map(of).collect())
    }

    /// Parses a table of lines `SITE Ordering` or `SITE=Ordering`; `#` begins a
    /// comment. Sites that are not named are as in the code.
    ///
    /// # Errors
    ///
    /// With the line number, if a line names no site or an ordering that it
    /// cannot have, or a site twice.
    pub fn parse(text: &str, subject: &'static Description) -> Result<Self, String> {
        let mut table = Table::of_code(subject);
        let mut named = Vec::new();
        // Some editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            let at = |reason: String| format!("line {}: {reason}", number + 1);
            let (site, ordering) = line
                .split_once(['=', ' ', '\t'])
                .ok_or_else(|| at(format!("`{line}` is not `SITE Ordering`")))?;
            let ordering = ordering.trim_start_matches(['=', ' ', '\t']);
            let (site, ordering) = subject.resolve(site.trim(), ordering.trim()).map_err(at)?;
            if named.contains(&site) {
                return Err(at(format!("{site} is named twice")));
            }
            named.push(site);
            table.0.insert(site, Halves::of(ordering));
        }
        Ok(table)
    }

    /// The sites, in the order of the code's table.
    pub fn sites(&self) -> impl Iterator<Item = Site> + Clone {
        self.0.keys().copied()
    }

    /// The same, with the orderings of the code.
    #[must_use]
    pub fn as_in_the_code(&self) -> Self {
        let of = |site: Site| (site, Halves::of(site.ordering));
        Table(self.sites().map(of).collect())
    }

    /// The ordering of a site.
    pub fn get(&self, site: Site) -> Halves {
        self.0[&site]
    }

    /// This table with another ordering for one site.
    #[must_use]
    pub fn with(&self, site: Site, halves: Halves) -> Self {
        let mut table = self.clone();
        table.0.insert(site, halves);
        table
    }

    /// At each site what this table or `other` has.
    #[must_use]
    pub fn or(&self, other: &Table) -> Self {
        let both = |(site, halves): (&Site, &Halves)| (*site, halves.or(other.get(*site)));
        Table(self.0.iter().map(both).collect())
    }

    /// What differs from the code.
    pub fn changes(&self) -> Vec<OrderingChange> {
        self.0
            .iter()
            .filter(|(site, halves)| Halves::of(site.ordering) != **halves)
            .map(|(site, halves)| variants::change(*site, *halves))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::tests::described;

    #[test]
    fn the_code_differs_from_itself_in_nothing() {
        assert!(Table::of_code(described()).changes().is_empty());
    }

    #[test]
    fn a_table_names_what_differs() {
        let text = "# as in the kernel\nTRY_UNIQUE Relaxed\nRESET_STORE = Release # stronger\n";
        let changes = Table::parse(text, described()).unwrap().changes();
        let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(changes, ["RESET_STORE=Release", "TRY_UNIQUE=Relaxed"]);
    }

    #[test]
    fn bad_lines_are_named() {
        let error = |text| Table::parse(text, described()).unwrap_err();
        assert!(error("DEC Release\nSHARED Relaxed").starts_with("line 2: no site"));
        assert!(error("SHARE Acquire").contains("cannot be Acquire"));
        assert!(error("DEC Release\nDEC Relaxed").contains("named twice"));
        assert!(error("DEC").contains("is not `SITE Ordering`"));
    }
}
