//! The example that boots, as a command: what it prints where, and its exit codes.

#![cfg(all(unix, not(model)))]

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The example, built beside this test.
fn boot() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = BUILT.get_or_init(|| {
        let here = env::current_exe().unwrap();
        let folder = here.parent().and_then(Path::parent).unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--package",
                "prop-tests",
                "--example",
                "boot",
            ])
            .args(["--profile", profile, "--manifest-path"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .status();
        assert!(built.unwrap().success());
        folder.join("examples/boot")
    });
    Command::new(program)
}

fn pasted(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/boot/pasted")
        .join(name)
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_pasted_map_is_booted_and_named() {
    let output = boot().arg(pasted("e820-old.log")).output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(
        out.contains("read as e820 lines of a Linux log, 10 regions"),
        "{out}"
    );
    assert!(
        out.contains("unknown type, so reserved: line 11: `type 9`"),
        "{out}"
    );
    assert!(out.contains("the region is at rest"), "{out}");
    let table = out.lines().filter(|line| line.ends_with("iB"));
    let widest = table.map(|line| line.chars().count()).max();
    assert!((1..60).contains(&widest.unwrap()), "{out}");
}

#[test]
fn a_folder_is_read_as_the_firmwares_map() {
    let folder = env::temp_dir().join(format!("boot-folder-{}", std::process::id()));
    let region = folder.join("0");
    fs::create_dir_all(&region).unwrap();
    for (file, text) in [
        ("start", "0x0"),
        ("end", "0xffffff"),
        ("type", "System RAM"),
    ] {
        fs::write(region.join(file), text).unwrap();
    }
    let read = boot().arg(&folder).output().unwrap();
    fs::remove_file(region.join("type")).unwrap();
    let broken = boot().arg(&folder).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let (out, err) = texts(&read);
    assert_eq!(read.status.code(), Some(0), "{out}{err}");
    assert!(
        out.contains("read as a folder like /sys/firmware/memmap"),
        "{out}"
    );
    assert_eq!(broken.status.code(), Some(2));
    assert!(texts(&broken).1.contains("0/type"));
}

#[test]
fn help_is_given_and_bad_input_is_said() {
    for word in ["--help", "-h"] {
        let output = boot().arg(word).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(texts(&output).0.contains("--example boot [MAP]"));
    }
    let bad = [
        vec!["--halp".into()],
        vec!["one".into(), "two".into()],
        vec!["/nowhere/at/all".into()],
        vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")],
    ];
    for words in bad {
        let output = boot().args(&words).output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {out}{err}");
        assert!(err.starts_with("error: "), "{words:?}: {err}");
    }
}

#[test]
fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
    // `head` that has gone: what is written finds no reader.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = boot()
        .arg("--help")
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(closed.status.code(), Some(0));
    assert_eq!(texts(&closed).1, "");
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    for word in ["--help".into(), pasted("e820-old.log")] {
        let full = full.try_clone().unwrap();
        let lost = boot()
            .arg(word)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let (_, err) = texts(&lost);
        assert_eq!(lost.status.code(), Some(4), "{err}");
        assert!(err.starts_with("error: standard output: "), "{err}");
    }
}
