// The Go client that openapi-generator makes from openapi.yaml, used as its users would: on the server at ISSUER, by the
// operator whose CLIENT_ID and CLIENT_SECRET are given. It prints what it saw, and fails at the first thing that is not as it
// should be.
//
// Run by scripts/clients/full/test_generated_clients.py, which knows what is to be seen.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	idp "agentidp.dev/clients/go"
	"golang.org/x/oauth2"
)

const admin = "agents:read agents:write credentials:write audit:read"

var client *idp.APIClient

func fail(what string, values ...any) {
	fmt.Fprintf(os.Stderr, what+"\n", values...)
	os.Exit(1)
}

// answer is what a call gave, if it did.
func answer[T any](value T, _ *http.Response, err error) T {
	if err != nil {
		fail("refused: %v", err)
	}
	return value
}

// refusal is the model of the error that a call ended with, and its status.
func refusal[Model any, T any](_ T, response *http.Response, err error) (int, Model) {
	var refused *idp.GenericOpenAPIError
	if !errors.As(err, &refused) {
		fail("not refused: %v", err)
	}
	model, typed := refused.Model().(Model)
	if !typed {
		fail("not the error that it should be: %T", refused.Model())
	}
	return response.StatusCode, model
}

// proving is a client that proves itself by its secret, as it does at the token endpoints.
func proving(id, secret string) context.Context {
	return context.WithValue(context.Background(), idp.ContextBasicAuth, idp.BasicAuth{UserName: id, Password: secret})
}

func asking(proof context.Context) idp.ApiIssueTokenRequest {
	return client.TokensAPI.IssueToken(proof).GrantType("client_credentials")
}

func emails(page *idp.AgentPage) string {
	var seen []string
	for _, agent := range page.Items {
		seen = append(seen, agent.Email)
	}
	return strings.Join(seen, " ")
}

func main() {
	settings := idp.NewConfiguration()
	settings.Servers = idp.ServerConfigurations{{URL: os.Getenv("ISSUER")}}
	client = idp.NewAPIClient(settings)
	operator := proving(os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET"))

	issued := answer(asking(operator).Scope(admin).Execute())
	fmt.Printf("token: %s for %d s, %s\n", issued.TokenType, issued.ExpiresIn, issued.GetScope())
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: issued.AccessToken})
	as := context.WithValue(context.Background(), idp.ContextOAuth2, source)

	hour := time.Now().Add(time.Hour)
	var made *idp.AgentRegistration
	for number := 1; number <= 5; number++ {
		agent := idp.NewAgentToRegister(fmt.Sprintf("screener-%d@example.com", number), "screener", "v1.0.0",
			[]string{"resume:read", "resume:score"}, idp.DEPLOYMENTENV_STAGING)
		agent.SetMetadata(map[string]any{"region": "eu-west-1", "team": "Zürich"})
		agent.SetValidUntil(hour)
		made = answer(client.AgentsAPI.RegisterAgent(as).AgentToRegister(*agent).Execute())
	}
	agent, credential := made.Agent, made.Credential
	if until := agent.GetValidUntil(); until.Sub(hour).Abs() > time.Millisecond {
		fail("valid until %v, not %v", until, hour)
	}
	fmt.Printf("registered: %s, %s in %s, %s, %s\n", agent.Email, agent.Status, agent.DeploymentEnv,
		strings.Join(agent.Capabilities, " "), agent.Metadata["team"])

	list := client.AgentsAPI.ListAgents(as).Q("screener-").Status(idp.AGENTSTATUS_ACTIVE).Limit(2)
	page := answer(list.Execute())
	pages := []string{emails(page)}
	for page.HasNextCursor() {
		page = answer(list.Cursor(page.GetNextCursor()).Execute())
		pages = append(pages, emails(page))
	}
	fmt.Println("listed:", strings.Join(pages, " | "))

	patch := idp.NewAgentPatch()
	patch.SetVersion("v1.1.0")
	patch.SetMetadata(map[string]any{"region": nil})
	patch.SetValidUntilNil()
	changed := answer(client.AgentsAPI.UpdateAgent(as, agent.Id).AgentPatch(*patch).Execute())
	if changed.HasValidUntil() {
		fail("it is still valid until %v", changed.GetValidUntil())
	}
	fmt.Printf("changed: %s, %d of metadata, %s\n", changed.Version, len(changed.Metadata), changed.Metadata["team"])

	agents := proving(credential.ClientId, credential.ClientSecret)
	resume := answer(asking(agents).Execute())
	fmt.Println("the agent's token:", resume.GetScope())

	seen := answer(client.TokensAPI.IntrospectToken(agents).Token(resume.AccessToken).Execute())
	if seen.GetSub() != agent.Id {
		fail("it is the token of %s", seen.GetSub())
	}
	fmt.Printf("introspected: %t, %s, %s in %s\n", seen.Active, seen.GetScope(), seen.GetAgentType(), seen.GetDeploymentEnv())

	rotation := idp.NewRotation()
	rotation.SetGracePeriodSeconds(3600)
	next := answer(client.CredentialsAPI.RotateCredential(as, agent.Id, credential.Id).Rotation(*rotation).Execute())
	if next.GetRotatedFrom() != credential.Id {
		fail("it is the successor of %s", next.GetRotatedFrom())
	}
	answer(asking(agents).Execute())
	agents = proving(next.ClientId, next.ClientSecret)
	resume = answer(asking(agents).Execute())
	fmt.Println("rotated: both secrets get a token")

	change := idp.NewStatusChange(idp.AGENTSTATUS_SUSPENDED, "its owner is on leave")
	suspended := answer(client.AgentsAPI.ChangeAgentStatus(as, agent.Id).StatusChange(*change).Execute())
	status, refused := refusal[idp.OAuthError](asking(agents).Execute())
	fmt.Printf("%s: %d %s\n", suspended.Status, status, refused.Error)
	dead := answer(client.TokensAPI.IntrospectToken(operator).Token(resume.AccessToken).Execute())
	fmt.Printf("its token: %t\n", dead.Active)

	east := time.FixedZone("", 2*60*60)
	events := answer(client.AuditAPI.ListAuditEvents(as).AgentId(agent.Id).Outcome(idp.AUDITOUTCOME_SUCCESS).
		From(time.Now().Add(-time.Hour).In(east)).To(hour.In(east)).Limit(100).Execute())
	var actions []string
	for _, event := range events.Items {
		actions = append(actions, string(event.Action))
	}
	slices.Sort(actions)
	fmt.Println("audit:", strings.Join(actions, " "))

	checkpoint := answer(client.AuditAPI.GetAuditCheckpoint(as).Execute())
	size, err := strconv.Atoi(strings.Split(checkpoint, "\n")[1])
	if err != nil || !strings.Contains(checkpoint, "\n— ") {
		fail("no checkpoint: %s", checkpoint)
	}
	tile := answer(client.AuditAPI.GetAuditTile(as, 0, fmt.Sprintf("000.p/%d", size)).Execute())
	defer os.Remove(tile.Name())
	hashes, err := io.ReadAll(tile)
	if err != nil || len(hashes) != 32*size {
		fail("a tile of %d hashes has %d bytes", size, len(hashes))
	}
	export := answer(client.AuditAPI.ExportAuditEvents(as).Execute())
	if !strings.Contains(export, "\n{\"leafIndex\":") {
		fail("no export: %s", export)
	}
	document := answer(client.DocumentationAPI.GetOpenapiYaml(context.Background()).Execute())
	fmt.Println("texts and bytes:", strings.Split(document, "\n")[0])

	status, missing := refusal[idp.Error](client.AgentsAPI.GetAgent(as, "00000000-0000-7000-8000-000000000000").Execute())
	fmt.Printf("nobody: %d %s\n", status, missing.Code)
}
