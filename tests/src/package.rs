//! The npm package as somebody who installs it has it, and the tools that its users build with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::path_from_env;

/// A folder with the package installed from its archive, and React and TypeScript beside it.
#[derive(Debug)]
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty project with the package.
    pub fn install() -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        project.write("package.json", "{ \"name\": \"shop\", \"private\": true, \"type\": \"module\" }");
        let archive = archive();
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--offline",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--loglevel=error",
        ]);
        project.run(npm.arg(&archive));
        let modules = project.path("node_modules");
        for name in ["react", "react-dom", "scheduler", "csstype", "@types"] {
            std::os::unix::fs::symlink(tools().join(name), modules.join(name)).expect("a link");
        }
        project
    }

    /// A path inside the project.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("inside the project")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Copies what the repository has at `from`, with `change` made to every text.
    pub fn copy(&self, from: &str, to: &str, change: impl Fn(String) -> String + Copy) {
        let source = repository().join(from);
        for entry in std::fs::read_dir(&source).unwrap_or_else(|e| panic!("{}: {e}", source.display())) {
            let name = entry.expect("an entry").file_name();
            let (from, to) = (format!("{from}/{}", name.display()), format!("{to}/{}", name.display()));
            if repository().join(&from).is_dir() {
                self.copy(&from, &to, change);
            } else {
                self.write(&to, &change(std::fs::read_to_string(repository().join(&from)).expect("text")));
            }
        }
    }

    /// Puts the package's own files into a folder of the project, as a page without a bundler does.
    pub fn unpack(&self, to: &str) {
        for folder in ["", "game"] {
            let to = self.path(to).join(folder);
            std::fs::create_dir_all(&to).expect("a folder");
            let from = self.path("node_modules/cuelight").join(folder);
            for entry in std::fs::read_dir(from).expect("the package") {
                let file = entry.expect("an entry");
                if file.path().is_file() {
                    std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
                }
            }
        }
    }

    /// Bundles a script with esbuild.
    pub fn bundle(&self, source: &str, folder: &str, flags: &[&str]) {
        let mut command = Command::new(tools().join(".bin/esbuild"));
        command.args([source, "--bundle", "--splitting", "--format=esm", "--log-level=warning"]);
        self.run(command.arg(format!("--outdir={folder}")).args(flags));
    }

    /// Checks types with TypeScript's compiler.
    pub fn check(&self, arguments: &[&str]) {
        self.run(Command::new(tools().join(".bin/tsc")).args(arguments));
    }

    fn run(&self, command: &mut Command) {
        let output = command.current_dir(self.folder.path()).output().expect("a program");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{command:?}:\n{}{}",
            text(&output.stdout[..]),
            text(&output.stderr[..])
        );
    }
}

/// The repository.
pub fn repository() -> PathBuf {
    path_from_env("CUELIGHT_EDGE_DIR").join("..")
}

/// What npm installed for the developer commands.
fn tools() -> PathBuf {
    let wrangler = path_from_env("CUELIGHT_WRANGLER");
    // node_modules/.bin/wrangler
    wrangler.ancestors().nth(2).expect("wrangler is in a folder of npm's").to_owned()
}

/// What `cargo xtask build` packed.
fn archive() -> PathBuf {
    // {target}/debug/cuelight-studio
    let studio = path_from_env("CUELIGHT_STUDIO");
    let folder = studio.ancestors().nth(2).map(|target| target.join("npm")).unwrap_or_default();
    let packed = |path: &Path| path.extension().is_some_and(|extension| extension == "tgz");
    std::fs::read_dir(&folder)
        .ok()
        .and_then(|mut entries| entries.find_map(|entry| entry.ok().map(|e| e.path()).filter(|p| packed(p))))
        .unwrap_or_else(|| panic!("there is no archive in {}: run `cargo xtask build`", folder.display()))
}
