//! Reading files, with errors that name the file.

use std::path::Path;

/// Largest file that is read, bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let size = std::fs::metadata(path).map_err(wrong)?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{}: {size} bytes; at most {FILE_BYTES_MAX} are read", path.display()));
    }
    std::fs::read_to_string(path).map_err(wrong)
}

/// Writes a file, making its folder if need be.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    std::fs::write(path, text).map_err(wrong)
}

/// Where the page is, for links: `KAFKASIM_PAGE`, or a page served by `cargo xtask serve`.
pub(crate) fn page_link(link: &str) -> String {
    let page = std::env::var("KAFKASIM_PAGE").unwrap_or_else(|_| "http://127.0.0.1:8080/".into());
    format!("{page}#{link}")
}
