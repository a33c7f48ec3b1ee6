//! The folders of the server: what files are called, which names are allowed, and where one is.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::super::ledger::Media;
use super::super::{Vendor, Vendors};

/// The folders that callers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    /// What was uploaded.
    Input,
    /// What was saved.
    Output,
    /// What was previewed.
    Temp,
}

impl Folder {
    /// The folder of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Input, Self::Output, Self::Temp].into_iter().find(|folder| folder.name() == name)
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Temp => "temp",
        }
    }
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// In which folder.
    pub(super) folder: Folder,
    /// Below it; may be empty.
    pub(super) subfolder: String,
    /// Its name.
    pub(super) name: String,
}

impl Place {
    /// As callers are told.
    pub(super) fn json(&self) -> Value {
        json!({"filename": self.name, "subfolder": self.subfolder, "type": self.folder.name()})
    }

    fn path(&self) -> String {
        let Self { folder, subfolder, name } = self;
        let slash = if subfolder.is_empty() { "" } else { "/" };
        format!("{}/{subfolder}{slash}{name}", folder.name())
    }
}

/// Why a name was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameError {
    /// It is no file's name.
    Bad,
    /// It leads out of its folder.
    Outside,
}

/// Whether a path below a folder stays there.
pub(super) fn stays(path: &str) -> bool {
    !path.starts_with(['/', '\\'])
        && !path.contains('\0')
        && !path.split(['/', '\\']).any(|part| part == "..")
}

/// What `GET /view` asks for.
pub(super) fn viewed(filename: &str, kind: Option<&str>, subfolder: &str) -> Result<Place, NameError> {
    // A name may say its folder, as in `fox.png [input]`.
    let (name, noted) = match filename.strip_suffix(']').and_then(|name| name.rsplit_once(" [")) {
        Some((name, folder)) => (name, Folder::named(folder)),
        None => (filename, None),
    };
    if name.is_empty() || name.starts_with('/') || name.contains("..") {
        return Err(NameError::Bad);
    }
    let folder = noted.map_or_else(|| Folder::named(kind.unwrap_or("output")), Some).ok_or(NameError::Bad)?;
    if !stays(subfolder) {
        return Err(NameError::Outside);
    }
    let name = name.rsplit('/').next().unwrap_or(name);
    Ok(Place { folder, subfolder: subfolder.trim_matches('/').to_owned(), name: name.to_owned() })
}

/// What the name of a loaded picture means: `sub/fox.png`, perhaps with a folder at its end.
fn named(file: &str) -> Option<Place> {
    let (path, folder) = match file.strip_suffix(']').and_then(|path| path.rsplit_once(" [")) {
        Some((path, folder)) => (path, Folder::named(folder)?),
        None => (file, Folder::Input),
    };
    let (subfolder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let place = Place { folder, subfolder: subfolder.to_owned(), name: name.to_owned() };
    (stays(path) && !name.is_empty()).then_some(place)
}

/// The files of one server.
#[derive(Debug, Clone)]
pub(super) struct Folders(pub(super) Vendors);

impl Folders {
    /// The file at this place.
    pub(super) fn get(&self, place: &Place) -> Option<Bytes> {
        self.0.file(Vendor::Comfyui, &place.path()).map(|media| media.bytes)
    }

    /// The file that a node names.
    pub(super) fn load(&self, file: &str) -> Option<Bytes> {
        self.get(&named(file)?)
    }

    /// The uploaded pictures, by name.
    pub(super) fn uploads(&self) -> Vec<String> {
        let files = self.0.files(Vendor::Comfyui, "input/");
        files.into_iter().filter_map(|(path, _)| Some(path.strip_prefix("input/")?.to_owned())).collect()
    }

    /// Keeps an upload. Unless it is to replace what is there, the same name with other bytes gets a
    /// number, and the same bytes keep the name they have.
    pub(super) fn upload(&self, mut place: Place, bytes: Bytes, replace: bool) -> Place {
        let name = place.name.clone();
        let (stem, ending) = match name.rfind('.').filter(|at| *at > 0) {
            Some(at) => name.split_at(at),
            None => (name.as_str(), ""),
        };
        for number in 1_u32.. {
            match self.get(&place).filter(|_| !replace) {
                None => break,
                Some(there) if there == bytes => return place,
                Some(_) => place.name = format!("{stem} ({number}){ending}"),
            }
        }
        self.put(&place, bytes);
        place
    }

    /// Keeps what a node saves: the next number after `prefix`, whose folders become the subfolder.
    pub(super) fn save(
        &self,
        folder: Folder,
        prefix: &str,
        ending: &str,
        bytes: Vec<u8>,
    ) -> Result<Place, NameError> {
        if !stays(prefix) {
            return Err(NameError::Outside);
        }
        let (subfolder, stem) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let place = |name: String| Place { folder, subfolder: subfolder.to_owned(), name };
        let start = place(format!("{stem}_")).path();
        let used = self
            .0
            .files(Vendor::Comfyui, &start)
            .into_iter()
            .filter_map(|(path, _)| path.strip_prefix(&start)?.split('_').next()?.parse::<u32>().ok());
        let place =
            place(format!("{stem}_{:05}_.{ending}", used.max().map_or(1, |last| last.saturating_add(1))));
        self.put(&place, Bytes::from(bytes));
        Ok(place)
    }

    fn put(&self, place: &Place, bytes: Bytes) {
        self.0.put(Vendor::Comfyui, &place.path(), Media { bytes, media_type: media_type(&place.name) });
    }
}

/// The media type that a name's ending stands for; what a browser would run is only data.
pub(super) fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "wav" => "audio/x-wav",
        "mp3" => "audio/mpeg",
        "json" => "application/json",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::keys::Keys;
    use super::*;
    use proptest::prelude::*;

    fn folders() -> Folders {
        Folders(Vendors::new(Keys::default(), 0.0))
    }

    fn input(name: &str) -> Place {
        Place { folder: Folder::Input, subfolder: String::new(), name: name.into() }
    }

    #[test]
    fn the_same_name_gets_a_number_and_the_same_bytes_keep_theirs() {
        let folders = folders();
        let upload = |bytes: &'static str, replace| {
            folders.upload(input("fox.png"), Bytes::from_static(bytes.as_bytes()), replace).name
        };
        assert_eq!(upload("one", false), "fox.png");
        assert_eq!(upload("two", false), "fox (1).png");
        assert_eq!(upload("one", false), "fox.png");
        assert_eq!(upload("two", false), "fox (1).png");
        assert_eq!(upload("three", false), "fox (2).png");
        assert_eq!(upload("four", true), "fox.png");
        assert_eq!(folders.load("fox.png").unwrap(), "four");
        assert_eq!(folders.uploads().len(), 3);
    }

    #[test]
    fn what_is_saved_is_counted_and_goes_where_its_prefix_says() {
        let folders = folders();
        let save = || folders.save(Folder::Output, "video/fox", "mp4", b"x".to_vec()).unwrap();
        assert_eq!(
            save().json(),
            json!({"filename": "fox_00001_.mp4", "subfolder": "video", "type": "output"})
        );
        let second = save();
        assert_eq!(second.name, "fox_00002_.mp4");
        assert_eq!(folders.get(&viewed("fox_00002_.mp4", None, "video").unwrap()).unwrap(), "x");
        assert_eq!(folders.save(Folder::Output, "../fox", "mp4", Vec::new()), Err(NameError::Outside));
    }

    #[test]
    fn a_view_names_its_folder_one_way_or_another() {
        assert_eq!(viewed("fox.png [input]", None, "").unwrap(), input("fox.png"));
        assert_eq!(viewed("fox.png", Some("input"), "").unwrap(), input("fox.png"));
        assert_eq!(viewed("a/fox.png", Some("temp"), "").unwrap().name, "fox.png");
        assert_eq!(viewed("fox.png", Some("models"), ""), Err(NameError::Bad));
        assert_eq!(viewed("", None, ""), Err(NameError::Bad));
        assert_eq!(viewed("../fox.png", None, ""), Err(NameError::Bad));
        assert_eq!(viewed("fox.png", None, "../../etc"), Err(NameError::Outside));
        assert_eq!(viewed("fox.png", None, "/etc"), Err(NameError::Outside));
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_its_folder(name in "[a-z./\\\\\\[\\] ]{0,20}", sub in "[a-z./\\\\]{0,12}") {
            if let Ok(place) = viewed(&name, None, &sub) {
                let path = place.path();
                prop_assert!(!path.split(['/', '\\']).any(|part| part == ".."), "{path}");
            }
        }
    }
}
