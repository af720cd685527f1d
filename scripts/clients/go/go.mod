module agentidp.dev/clients/go/used

go 1.23.0

require (
	agentidp.dev/clients/go v0.0.0
	golang.org/x/oauth2 v0.27.0
)

// Where scripts/clients/test makes it.
replace agentidp.dev/clients/go => ../../../target/generated-clients/go
