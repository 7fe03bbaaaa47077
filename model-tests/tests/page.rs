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
use model_tests::report::{Page, Saved};
use model_tests::subject::Subject;
use pipe::Verdict;

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
        program: "unused: alloc | get".to_owned(),
        changed: vec!["CLAIM=Relaxed".to_owned()],
        runs: vec![seen],
    };
    let campaign = Findings::Campaign {
        done: 5,
        of: 9,
        outcomes: 20,
        allowed: 30,
    };
    let runs = vec![
        Kept::now("explore".to_owned(), Verdict::MissingOutcome, explore),
        Kept::now("campaign 9x9".to_owned(), Verdict::CutOff, campaign),
    ];
    let subject = Subject::new(|| Ok(worker::describe()));
    let subject = subject.description().unwrap();
    let page = Page {
        commit: "0123456789abcdef".repeat(2),
        when: 0,
        runs,
        failures,
        subject: Some(subject),
        audit: Recorded::load().unwrap(),
    };
    page.html()
}

/// Says in its own title what the browser made of the report beside it.
const PROBE: &str = r#"<!DOCTYPE html><title>waiting</title>
<iframe id=f width=360 height=700 src="report.html"></iframe>
<script>
const frame = document.getElementById("f");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement;
  const links = [...page.querySelectorAll("a[href]")];
  const dead = links.filter(a => !page.querySelector(a.getAttribute("href"))).length;
  const named = [...page.querySelectorAll("svg[role=img]")];
  const focus = page.querySelectorAll("[tabindex='0'], a[href], summary").length;
  document.title = JSON.stringify({
    width: root.scrollWidth, pictures: named.length,
    unnamed: named.filter(s => !s.querySelector("title").textContent.trim()).length,
    links: links.length, dead, focus,
    loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
    bold: page.querySelectorAll("td b").length,
    ground: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
  });
});
</script>"#;

fn browser() -> PathBuf {
    let named = std::env::var_os("BROWSER_PATH").map(PathBuf::from);
    named.unwrap_or_else(|| "chromium".into())
}

/// What the probe says; `scheme` is 0 for dark and 1 for light.
fn probed(folder: &Path, scheme: u32) -> serde_json::Value {
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
    std::fs::write(folder.join("probe.html"), PROBE).unwrap();

    let light = probed(&folder, 1);
    let number = |key: &str| light[key].as_u64().unwrap_or_else(|| panic!("{light}"));
    assert!(number("width") <= 360, "wider than a phone: {light}");
    assert!(number("pictures") > 10, "{light}");
    assert_eq!(number("unnamed"), 0, "a picture says nothing: {light}");
    assert!(number("links") > 5, "{light}");
    assert_eq!(number("dead"), 0, "a link leads nowhere: {light}");
    assert!(number("focus") > 20, "{light}");
    assert_eq!(number("loaded"), 0, "something was loaded: {light}");
    assert_eq!(light["ground"], "rgb(255, 255, 255)");
    assert_eq!(probed(&folder, 0)["ground"], "rgb(20, 23, 26)");
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
