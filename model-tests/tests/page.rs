//! The report in a browser: nothing is loaded from anywhere, nothing is wider
//! than a phone, every link has a target, and dark is dark.
//!
//! Needs Chromium, and is ignored without being asked for:
//! `cargo test --test page -- --ignored`.

use std::path::{Path, PathBuf};
use std::process::Command;

use model_tests::archive::{Findings, Kept, Seen};
use model_tests::audit::recorded::Recorded;
use model_tests::counterexample::Counterexample;
use model_tests::report::{Page, Saved, Source};
use model_tests::subject::Subject;
use pipe::Verdict;

/// A program with a saved failure.
const SHOWN: &str = "shared*2: read drop | try_unique write drop";

/// The page of all pinned stories, and of a run of each kind.
fn page() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let failures: Vec<_> = files
        .iter()
        .map(|path| Saved {
            file: path.file_name().unwrap().to_string_lossy().into_owned(),
            found: Counterexample::load(path).unwrap(),
        })
        .collect();
    assert!(failures.len() > 10, "{}", failures.len());
    let seen = Seen {
        line: "loom dropped cas".to_owned(),
        verdict: Verdict::MissingOutcome,
        complete: true,
        outcomes: [("ok | <b>no</b>".to_owned(), 3), ("ok | ok".to_owned(), 0)].into(),
    };
    let explore = Findings::Explore {
        program: SHOWN.to_owned(),
        changed: vec!["TRY_UNIQUE=Relaxed".to_owned()],
        runs: vec![seen],
    };
    let campaign = Findings::Campaign {
        done: 5,
        of: 9,
        outcomes: 20,
        allowed: 30,
    };
    let passed = Kept::now(
        "explore what passes".to_owned(),
        Verdict::Pass,
        explore.clone(),
    );
    let mut runs = vec![passed; 50];
    runs.extend([
        Kept::now("explore".to_owned(), Verdict::MissingOutcome, explore),
        Kept::now("campaign 9x9".to_owned(), Verdict::CutOff, campaign),
    ]);
    let subject = Subject::new(|| Ok(worker::describe()));
    let subject = subject.description().unwrap();
    let page = Page {
        commit: "0123456789abcdef".repeat(2),
        when: 0,
        name: None,
        runs,
        failures,
        subject: Some(subject),
        audit: Some(Recorded::load().unwrap()),
        files: vec![Source {
            path: "target/runs.jsonl".to_owned(),
            what: "runs: 52".to_owned(),
            written_by: "explore and campaign",
        }],
    };
    page.html()
}

/// Says in its own title what the browser made of the report beside it.
const PROBE: &str = r#"<!DOCTYPE html><title>waiting</title>
<iframe id=f width=WIDTH height=700 src="report.html"></iframe>
<script>
const frame = document.getElementById("f");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement;
  const links = [...page.querySelectorAll("a[href]")];
  const dead = links.filter(a => !page.querySelector(a.getAttribute("href"))).length;
  const named = [...page.querySelectorAll("svg[role=img]")];
  const focus = page.querySelectorAll("[tabindex='0'], a[href], summary").length;
  document.title = JSON.stringify({
    width: root.scrollWidth,
    attention: page.querySelector(".attention li:last-child").getBoundingClientRect().bottom,
    height: root.scrollHeight,
    shown: [...page.querySelectorAll("tr, svg")].filter(e => e.checkVisibility()).length,
    pictures: named.length,
    unnamed: named.filter(s => !s.querySelector("title").textContent.trim()).length,
    links: links.length, dead, focus,
    loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
    tallest: Math.max(...[...page.querySelectorAll("th")].map(e => e.getBoundingClientRect().height)),
    bold: page.querySelectorAll("td b").length,
    ground: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
  });
});
</script>"#;

fn browser() -> PathBuf {
    let named = std::env::var_os("BROWSER_PATH").map(PathBuf::from);
    named.unwrap_or_else(|| "chromium".into())
}

/// What the probe says of a screen so wide; `scheme` is 0 for dark and 1 for light.
fn probed(folder: &Path, scheme: u32, width: u32) -> serde_json::Value {
    let probe = PROBE.replace("WIDTH", &width.to_string());
    std::fs::write(folder.join("probe.html"), probe).unwrap();
    let output = Command::new(browser())
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args(["--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync"])
        .args(["--allow-file-access-from-files", "--dump-dom"])
        .arg("--virtual-time-budget=10000")
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--user-data-dir={}", folder.join("user").display()))
        .arg(format!("file://{}", folder.join("probe.html").display()))
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", browser().display()));
    let dom = String::from_utf8_lossy(&output.stdout);
    let title = dom
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .unwrap_or_else(|| panic!("no title: {dom}"))
        .0;
    serde_json::from_str(title).unwrap_or_else(|e| panic!("{e}: {title}"))
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_holds_up_in_a_browser() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("report.html"), page()).unwrap();

    let light = probed(&folder, 1, 360);
    let number = |key: &str| light[key].as_f64().unwrap_or_else(|| panic!("{light}"));
    assert!(number("width") <= 360.0, "wider than a phone: {light}");
    assert!(number("pictures") > 10.0, "{light}");
    assert_eq!(number("unnamed"), 0.0, "a picture says nothing: {light}");
    assert!(number("links") > 5.0, "{light}");
    assert_eq!(number("dead"), 0.0, "a link leads nowhere: {light}");
    assert!(number("focus") > 20.0, "{light}");
    assert_eq!(number("loaded"), 0.0, "something was loaded: {light}");
    assert!(
        number("attention") <= 700.0,
        "not on the first screen: {light}"
    );
    assert!(
        number("shown") < 60.0,
        "old runs are not folded away: {light}"
    );
    assert!(
        number("tallest") < 130.0,
        "a heading of a table breaks within words: {light}"
    );
    assert_eq!(light["ground"], "rgb(255, 255, 255)");
    let desk = probed(&folder, 0, 1200);
    assert_eq!(desk["ground"], "rgb(20, 23, 26)");
    assert!(desk["width"].as_u64() <= Some(1200), "{desk}");
    assert!(desk["attention"].as_f64() <= Some(700.0), "{desk}");
}

/// What needs attention comes first, with its failing execution; what passed is folded
/// away, and each file is named with what wrote it.
#[test]
fn the_first_screen_is_what_needs_attention() {
    let page = page();
    let section = page.split("<section").nth(1).unwrap();
    let (open, folded) = section.split_once("<details>").unwrap();
    assert!(open.contains("id=\"attention\""), "{open}");
    for said in [
        "missing outcome",
        "cut off",
        "campaign 9x9",
        "loom dropped cas",
    ] {
        assert!(open.contains(said), "{said}: {open}");
    }
    assert!(!open.contains("what passes") && folded.contains("what passes"));
    let link = open.split_once("href=\"#failure-").unwrap().1;
    let id: usize = link.split_once('"').unwrap().0.parse().unwrap();
    let article = page.split("<article").nth(id + 1).unwrap();
    assert!(article.contains(SHOWN), "{article}");
    // Not those of the same program with other orderings.
    assert!(article.contains("TRY_UNIQUE=Relaxed"), "{article}");
    assert_eq!(open.matches("href=\"#failure-").count(), 1, "{open}");
    let files = page.split_once("<section id=\"files\"").unwrap().1;
    for said in ["target/runs.jsonl", "runs: 52", "explore and campaign"] {
        assert!(files.contains(said), "{said}: {files}");
    }
}

#[test]
fn what_runs_say_is_text_and_no_markup() {
    let page = page();
    assert!(page.contains("ok | &lt;b&gt;no&lt;/b&gt;"));
    assert!(!page.contains("<b>no</b>"));
    // Nothing is fetched from elsewhere.
    for word in ["src=", "http:", "@import", "<script", "<link"] {
        assert!(!page.contains(word), "{word}");
    }
}
