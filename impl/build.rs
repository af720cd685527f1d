//! Takes Swagger UI's script and style out of the archive that its crate carries, so that the server serves them from
//! its own binary, without any network.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::{env, error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(clippy::disallowed_methods, reason = "the build's own setting, given by cargo")]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut archive = zip::ZipArchive::new(Cursor::new(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED))?;
    for wanted in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        let place = archive
            .file_names()
            .filter_map(Result::ok)
            .find(|name| name.ends_with(&format!("/dist/{wanted}")))
            .ok_or_else(|| format!("the archive has no {wanted}"))?
            .into_owned();
        let mut content = Vec::new();
        archive.by_name(&place)?.read_to_end(&mut content)?;
        fs::write(out.join(wanted), content)?;
    }
    Ok(())
}
