//! What clients and resource servers configure themselves with.

use generated::apis::discovery::{
    Discovery, GetJwksResponse, GetOpenidConfigurationResponse, GetServerMetadataResponse,
};
use generated::models::{
    AuthenticationMethod, JwkSet, ResponseType, ServerMetadata, SigningAlgorithm, SubjectType,
};
use http::StatusCode;

use super::error::{Problem, Refused, answers, header};
use super::{Api, Context};
use crate::domain::policy;
use crate::store::Store;

// The layers answer 429 where nobody proves anything, 503 where there is no room, and 500 after a panic.
answers!(GetJwksResponse: Ok NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetServerMetadataResponse: Ok TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetOpenidConfigurationResponse: Ok TooManyRequests InternalServerError ServiceUnavailable);

impl<S: Store> Discovery for Api<S> {
    async fn get_server_metadata(&self, _: Context) -> GetServerMetadataResponse {
        GetServerMetadataResponse::Ok { body: self.metadata() }
    }

    async fn get_openid_configuration(&self, _: Context) -> GetOpenidConfigurationResponse {
        GetOpenidConfigurationResponse::Ok { body: self.metadata() }
    }

    async fn get_jwks(&self, context: Context) -> GetJwksResponse {
        let max_age = self.jwks_max_age.as_secs();
        match self.published_keys() {
            Some(body) => {
                GetJwksResponse::Ok { body, cache_control: header(format!("public, max-age={max_age}")) }
            }
            None => {
                let mut problem = Problem::new(
                    &Refused::Door(generated::door::Refusal::UnknownPath),
                    &context.request.request_id,
                );
                debug_assert_eq!(problem.status, StatusCode::NOT_FOUND);
                "This server signs with a shared secret and has no public keys."
                    .clone_into(&mut problem.message);
                GetJwksResponse::NotFound { body: problem.error() }
            }
        }
    }
}

impl<S: Store> Api<S> {
    fn published_keys(&self) -> Option<JwkSet> {
        self.keys.jwks().and_then(|jwks| serde_json::from_value(jwks).ok())
    }

    /// What the server offers (RFC 8414 §2): the issuer is the URL that this document is found under.
    fn metadata(&self) -> ServerMetadata {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let methods = vec![AuthenticationMethod::ClientSecretBasic, AuthenticationMethod::ClientSecretPost];
        let algorithm = self.keys.algorithm_name();
        let signs_with = SigningAlgorithm::ALL.iter().copied().filter(|known| known.as_str() == algorithm);
        ServerMetadata {
            issuer: self.issuer.clone(),
            token_endpoint: at("/oauth2/token"),
            revocation_endpoint: at("/oauth2/revoke"),
            revocation_endpoint_auth_methods_supported: methods.clone(),
            introspection_endpoint: at("/oauth2/introspect"),
            jwks_uri: self.keys.jwks().map(|_| at("/.well-known/jwks.json")),
            scopes_supported: policy::reserved_scopes().into_iter().map(str::to_owned).collect(),
            response_types_supported: vec![ResponseType::None],
            grant_types_supported: vec!["client_credentials".to_owned()],
            token_endpoint_auth_methods_supported: methods.clone(),
            introspection_endpoint_auth_methods_supported: methods,
            service_documentation: at("/api-docs"),
            subject_types_supported: vec![SubjectType::Public],
            id_token_signing_alg_values_supported: signs_with.collect(),
        }
    }
}
