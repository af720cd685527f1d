import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentidp.client.ApiClient;
import dev.agentidp.client.ApiException;
import dev.agentidp.client.api.AgentsApi;
import dev.agentidp.client.api.AuditApi;
import dev.agentidp.client.api.CredentialsApi;
import dev.agentidp.client.api.DocumentationApi;
import dev.agentidp.client.api.TokensApi;
import dev.agentidp.client.model.Agent;
import dev.agentidp.client.model.AgentPage;
import dev.agentidp.client.model.AgentPatch;
import dev.agentidp.client.model.AgentRegistration;
import dev.agentidp.client.model.AgentStatus;
import dev.agentidp.client.model.AuditOutcome;
import dev.agentidp.client.model.DeploymentEnv;
import dev.agentidp.client.model.ErrorBody;
import dev.agentidp.client.model.IntrospectionResponse;
import dev.agentidp.client.model.IssuedCredential;
import dev.agentidp.client.model.NewAgent;
import dev.agentidp.client.model.OAuthErrorBody;
import dev.agentidp.client.model.Rotation;
import dev.agentidp.client.model.StatusChange;
import dev.agentidp.client.model.TokenResponse;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The Java client that openapi-generator makes from openapi.yaml, used as its users would: on the server at ISSUER, by the
 * operator whose CLIENT_ID and CLIENT_SECRET are given. It prints what it saw, and fails at the first thing that is not as it
 * should be.
 *
 * <p>Run by scripts/clients/full/test_generated_clients.py, which knows what is to be seen.
 */
public class Main {
    static final String ADMIN = "agents:read agents:write credentials:write audit:read";
    /** Whatever the locale says. */
    static final PrintStream OUT = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
    static final ObjectMapper JSON = ApiClient.createDefaultObjectMapper();

    interface Call {
        Object run() throws ApiException;
    }

    static void check(boolean held, String otherwise) {
        if (!held) {
            throw new IllegalStateException(otherwise);
        }
    }

    /** The error that a call ended with. */
    static ApiException refusal(Call call) {
        try {
            call.run();
        } catch (ApiException refused) {
            return refused;
        }
        throw new IllegalStateException("not refused");
    }

    static ApiClient sending(String authorization) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("ISSUER"));
        client.setRequestInterceptor(request -> request.setHeader("Authorization", authorization));
        return client;
    }

    /** A client that proves itself by its secret, as it does at the token endpoints. */
    static TokensApi proving(Object id, String secret) {
        byte[] pair = (id + ":" + secret).getBytes(UTF_8);
        return new TokensApi(sending("Basic " + Base64.getEncoder().encodeToString(pair)));
    }

    static TokenResponse token(TokensApi client, String scope) throws ApiException {
        return client.issueToken("client_credentials", scope, null, null, null);
    }

    static String emails(AgentPage page) {
        return page.getItems().stream().map(Agent::getEmail).collect(Collectors.joining(" "));
    }

    public static void main(String[] arguments) throws Exception {
        TokensApi operator = proving(System.getenv("CLIENT_ID"), System.getenv("CLIENT_SECRET"));
        TokenResponse issued = token(operator, ADMIN);
        OUT.printf("token: %s for %d s, %s%n", issued.getTokenType(), issued.getExpiresIn(), issued.getScope());
        ApiClient bearer = sending("Bearer " + issued.getAccessToken());
        AgentsApi agents = new AgentsApi(bearer);
        AuditApi audit = new AuditApi(bearer);

        OffsetDateTime hour = OffsetDateTime.now().plusHours(1);
        AgentRegistration made = null;
        for (int number = 1; number <= 5; number++) {
            made = agents.registerAgent(new NewAgent()
                    .email("screener-" + number + "@example.com")
                    .agentType("screener")
                    .version("v1.0.0")
                    .capabilities(Set.of("resume:read", "resume:score"))
                    .deploymentEnv(DeploymentEnv.STAGING)
                    .putMetadataItem("region", "eu-west-1")
                    .putMetadataItem("team", "Z\u00fcrich")
                    .validUntil(hour), null);
        }
        Agent agent = made.getAgent();
        IssuedCredential credential = made.getCredential();
        Duration off = Duration.between(agent.getValidUntil(), hour).abs();
        check(off.toMillis() <= 1, "valid until " + agent.getValidUntil() + ", not " + hour);
        OUT.printf("registered: %s, %s in %s, %s, %s%n", agent.getEmail(), agent.getStatus(), agent.getDeploymentEnv(),
                String.join(" ", agent.getCapabilities()), agent.getMetadata().get("team"));

        List<String> pages = new ArrayList<>();
        String cursor = null;
        do {
            AgentPage page = agents.listAgents(null, null, null, AgentStatus.ACTIVE, null, "screener-", cursor, 2);
            pages.add(emails(page));
            cursor = page.getNextCursor();
        } while (cursor != null);
        OUT.println("listed: " + String.join(" | ", pages));

        AgentPatch patch = new AgentPatch().version("v1.1.0").putMetadataItem("region", null).validUntil(null);
        Agent changed = agents.updateAgent(agent.getId(), patch, null);
        check(changed.getValidUntil() == null, "it is still valid until " + changed.getValidUntil());
        OUT.printf("changed: %s, %d of metadata, %s%n", changed.getVersion(), changed.getMetadata().size(),
                changed.getMetadata().get("team"));

        TokensApi myself = proving(credential.getClientId(), credential.getClientSecret());
        TokenResponse resume = token(myself, null);
        OUT.println("the agent's token: " + resume.getScope());

        IntrospectionResponse seen = myself.introspectToken(resume.getAccessToken(), null, null, null);
        check(agent.getId().equals(seen.getSub()), "it is the token of " + seen.getSub());
        OUT.printf("introspected: %b, %s, %s in %s%n", seen.getActive(), seen.getScope(), seen.getAgentType(),
                seen.getDeploymentEnv());

        IssuedCredential next = new CredentialsApi(bearer).rotateCredential(agent.getId(), credential.getId(),
                new Rotation().gracePeriodSeconds(3600), null);
        check(credential.getId().equals(next.getRotatedFrom()), "it is the successor of " + next.getRotatedFrom());
        token(myself, null);
        TokensApi renewed = proving(next.getClientId(), next.getClientSecret());
        resume = token(renewed, null);
        OUT.println("rotated: both secrets get a token");

        StatusChange change = new StatusChange().status(AgentStatus.SUSPENDED).reason("its owner is on leave");
        Agent suspended = agents.changeAgentStatus(agent.getId(), change, null);
        ApiException refused = refusal(() -> token(renewed, null));
        OUT.printf("%s: %d %s%n", suspended.getStatus(), refused.getCode(),
                JSON.readValue(refused.getResponseBody(), OAuthErrorBody.class).getError());
        OUT.println("its token: " + operator.introspectToken(resume.getAccessToken(), null, null, null).getActive());

        ZoneOffset east = ZoneOffset.ofHours(2);
        String actions = audit.listAuditEvents(agent.getId(), null, null, AuditOutcome.SUCCESS,
                        hour.minusHours(2).withOffsetSameInstant(east), hour.withOffsetSameInstant(east), null, 100)
                .getItems().stream().map(event -> event.getAction().toString()).sorted().collect(Collectors.joining(" "));
        OUT.println("audit: " + actions);

        String checkpoint = audit.getAuditCheckpoint();
        int size = Integer.parseInt(checkpoint.split("\n")[1]);
        check(checkpoint.contains("\n\u2014 "), "no checkpoint: " + checkpoint);
        byte[] hashes = Files.readAllBytes(audit.getAuditTile(0, "000.p/" + size).toPath());
        check(hashes.length == 32 * size, "a tile of " + size + " hashes has " + hashes.length + " bytes");
        String export = audit.exportAuditEvents(null, null, null, null, null, null, null, null);
        check(export.contains("\n{\"leafIndex\":"), "no export: " + export);
        String document = new DocumentationApi(bearer).getOpenapiYaml();
        OUT.println("texts and bytes: " + document.split("\n")[0]);

        UUID nobody = UUID.fromString("00000000-0000-7000-8000-000000000000");
        ApiException missing = refusal(() -> agents.getAgent(nobody, null));
        OUT.printf("nobody: %d %s%n", missing.getCode(),
                JSON.readValue(missing.getResponseBody(), ErrorBody.class).getCode());
    }
}
