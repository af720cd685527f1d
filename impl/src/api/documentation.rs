//! The specification itself, and Swagger UI to read it with; everything comes from the binary, nothing from the network.

use std::borrow::Cow;
use std::sync::LazyLock;

use generated::apis::documentation::{
    Documentation, GetApiDocsInitializerResponse, GetApiDocsResponse, GetApiDocsScriptResponse,
    GetApiDocsStylesheetResponse, GetOpenapiJsonResponse, GetOpenapiYamlResponse,
};
use generated::types::JsonObject;

use super::error::answers;
use super::{Api, Context};
use crate::store::Store;

// The layers answer 503 where there is no room, and 500 after a panic.
answers!(GetApiDocsResponse: Ok InternalServerError ServiceUnavailable);
answers!(GetApiDocsInitializerResponse: Ok InternalServerError ServiceUnavailable);
answers!(GetApiDocsScriptResponse: Ok InternalServerError ServiceUnavailable);
answers!(GetApiDocsStylesheetResponse: Ok InternalServerError ServiceUnavailable);
answers!(GetOpenapiJsonResponse: Ok InternalServerError ServiceUnavailable);
answers!(GetOpenapiYamlResponse: Ok InternalServerError ServiceUnavailable);

const PAGE: &str = include_str!("documentation/page.html");
const INITIALIZER: &str = include_str!("documentation/initializer.js");
const STYLESHEET: &str = include_str!(concat!(env!("OUT_DIR"), "/swagger-ui.css"));
const SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js"));

static DOCUMENT: LazyLock<JsonObject> = LazyLock::new(|| {
    JsonObject(serde_json::from_str(generated::SPEC_JSON).expect("the specification was written as JSON"))
});

impl<S: Store> Documentation for Api<S> {
    async fn get_api_docs(&self, _: Context) -> GetApiDocsResponse {
        GetApiDocsResponse::Ok { body: Cow::Borrowed(PAGE) }
    }

    async fn get_api_docs_initializer(&self, _: Context) -> GetApiDocsInitializerResponse {
        GetApiDocsInitializerResponse::Ok { body: Cow::Borrowed(INITIALIZER) }
    }

    async fn get_api_docs_script(&self, _: Context) -> GetApiDocsScriptResponse {
        GetApiDocsScriptResponse::Ok { body: Cow::Borrowed(SCRIPT) }
    }

    async fn get_api_docs_stylesheet(&self, _: Context) -> GetApiDocsStylesheetResponse {
        GetApiDocsStylesheetResponse::Ok { body: Cow::Borrowed(STYLESHEET) }
    }

    async fn get_openapi_json(&self, _: Context) -> GetOpenapiJsonResponse {
        GetOpenapiJsonResponse::Ok { body: DOCUMENT.clone() }
    }

    async fn get_openapi_yaml(&self, _: Context) -> GetOpenapiYamlResponse {
        GetOpenapiYamlResponse::Ok { body: Cow::Borrowed(generated::SPEC) }
    }
}
