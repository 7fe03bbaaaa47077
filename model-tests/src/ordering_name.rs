//! Sites and orderings, as people write them: `SHARE=Relaxed`,
//! `LAST_FENCE=none`.

use std::sync::atomic::Ordering;

use meta_core::ordering::{Operation, Site};

/// The spelling of an ordering; `none` for a removed fence.
pub fn name(ordering: Option<Ordering>) -> &'static str {
    match ordering {
        None => "none",
        Some(Ordering::Relaxed) => "Relaxed",
        Some(Ordering::Acquire) => "Acquire",
        Some(Ordering::Release) => "Release",
        Some(Ordering::AcqRel) => "AcqRel",
        Some(_) => "SeqCst",
    }
}

/// All orderings that can be written, `none` included.
pub const ALL: [Option<Ordering>; 5] = [
    None,
    Some(Ordering::Relaxed),
    Some(Ordering::Acquire),
    Some(Ordering::Release),
    Some(Ordering::AcqRel),
];

/// A change `SITE=Ordering`, split.
///
/// # Errors
///
/// If there is no `=`.
pub fn split(change: &str) -> Result<(&str, &str), String> {
    change
        .split_once('=')
        .map(|(site, ordering)| (site.trim(), ordering.trim()))
        .ok_or_else(|| format!("`{change}` is not SITE=Ordering, such as SHARE=Relaxed"))
}

/// The site and ordering with these names.
///
/// # Errors
///
/// If there is no such site or ordering, or the site's operation cannot have
/// it; the message names what there is.
pub fn resolve(site: &str, ordering: &str) -> Result<(Site, Option<Ordering>), String> {
    let site = find_site(site)?;
    let operation = site.info().operation;
    let admitted = || {
        ALL.into_iter()
            .filter(|o| operation.admits(*o))
            .map(name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let ordering = ALL
        .into_iter()
        .find(|o| name(*o).eq_ignore_ascii_case(ordering))
        .ok_or_else(|| {
            format!(
                "`{ordering}` is no ordering that {site} can have; it can have {}",
                admitted()
            )
        })?;
    if !operation.admits(ordering) {
        let article = if operation == Operation::FetchAdd {
            "an atomic add"
        } else {
            "this operation"
        };
        return Err(format!(
            "{site} ({operation}) cannot be {}: {article} can have {}",
            name(ordering),
            admitted()
        ));
    }
    if !is_modelled(site) {
        return Err(format!(
            "{site} is not part of the slot protocol, and no model explores its ordering"
        ));
    }
    Ok((site, ordering))
}

/// The site with this name.
///
/// # Errors
///
/// If there is none, with the nearest.
pub fn find_site(name: &str) -> Result<Site, String> {
    Site::find(name).ok_or_else(|| {
        let nearest = Site::all()
            .map(|site| {
                (
                    strsim::damerau_levenshtein(site.name(), &name.to_uppercase()),
                    site,
                )
            })
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 3);
        match nearest {
            Some((_, site)) => format!("no site is called `{name}`; did you mean `{site}`?"),
            None => format!(
                "no site is called `{name}`; the sites are {}",
                Site::all().map(Site::name).collect::<Vec<_>>().join(", ")
            ),
        }
    })
}

/// Whether programs reach the site in a model.
pub fn is_modelled(site: Site) -> bool {
    !["MAX_PADDR", "LIST_ID", "LIST_ID_ALLOC"].contains(&site.name())
}

/// The weak compare-and-swap that `SITE#n` names, and which of them fails.
///
/// # Errors
///
/// If it is not of this form, or the site is no weak compare-and-swap.
pub fn inject(text: &str) -> Result<(String, u32), String> {
    let form = || format!("`{text}` is not SITE#n, such as ACQUIRE_REF#1");
    let (site, n) = text.split_once('#').ok_or_else(form)?;
    let site = find_site(site.trim())?;
    if site != meta_core::ordering::ACQUIRE_REF {
        return Err(format!(
            "{site} cannot fail spuriously: the only weak compare-and-swap is ACQUIRE_REF"
        ));
    }
    match n.trim().parse() {
        Ok(n) if n > 0 => Ok((site.name().to_owned(), n)),
        _ => Err(form()),
    }
}
