using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Tandem.Contracts.Engagements;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Engagements;

/// <summary>What the proof of an engagement says to whom.</summary>
public sealed class ProofTests
{
    [Fact]
    public async Task Both_parties_prove_who_brought_the_lead_and_when_it_was_accepted() // B13, B25
    {
        var clock = At("2026-11-20T09:00:00.123456Z");
        await using var server = await Start(clock);
        var (own, other) = await server.Shared();
        clock.Advance(TimeSpan.FromHours(30));
        (await server.Status(Sam, other.Id, "Active", "Accepted")).Is(200);

        var (alices, sams) = (await server.Proof(Alice, own.EngagementId), await server.Proof(Sam, own.EngagementId));
        Assert.Equal(alices.Head, sams.Head);
        Assert.Equal(alices.Links.Select(l => l.Hash), sams.Links.Select(l => l.Hash));
        foreach (var proof in new[] { alices, sams })
        {
            Assert.Equal(own.EngagementId, proof.EngagementId.ToString());
            Assert.Equal(clock.GetUtcNow(), proof.ExportedDateTime, TimeSpan.FromMilliseconds(1));
            Assert.Equal(0, proof.Pending);
            var check = proof.Holds();
            Assert.Equal([own.Id, other.Id], check.Referrals.Select(r => r.Id.ToString()));
            Assert.Equal([Contoso, "msft"], check.Referrals.Select(r => r.OrganizationId));
            Assert.Equal(new ProvenAuthor(Contoso, "Alice Archer"), check.Referrals[0].BroughtBy);
            Assert.Equal(Time(own, "createdDateTime"), check.Referrals[0].AcceptedAt);
            Assert.Equal(new ProvenAuthor(Contoso, "Alice Archer"), check.Referrals[1].BroughtBy);
            Assert.Equal(Time(other, "createdDateTime"), check.Referrals[1].BroughtAt);
            Assert.Equal("msft", check.Referrals[1].AcceptedBy!.OrganizationId);
            Assert.Equal(Time(await server.Get(Sam, $"{Api}/{other.Id}"), "acceptedDateTime"), check.Referrals[1].AcceptedAt);
        }
    }

    [Fact]
    public async Task A_change_of_what_is_hidden_is_a_number_and_digests_to_the_others() // B14
    {
        await using var server = await Start(At("2026-11-20T09:00:00Z"));
        var (own, other) = await server.Shared();
        var before = await server.Proof(Sam, own.EngagementId);
        foreach (var favorite in new[] { true, false, true })
        {
            (await server.Patch(Alice, $"{Api}/{own.Id}", new JsonObject
            {
                ["favorite"] = favorite,
                ["externalReferenceId"] = "SECRET-77",
                ["details"] = new JsonObject { ["notes"] = "SECRET-78" },
            }, ("X-Caller-Id", "7aa1c1a2-0d5b-4b41-8b27-5a9fbb4c2d3e"))).Is(200);
        }

        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/favorite", false), ("/name", "Renamed")))).Is(204);
        var text = (await server.ProofReply(Sam, own.EngagementId)).Text;
        foreach (var hidden in new[] { "SECRET", "externalReferenceId", "notes", "favorite", "7aa1c1a2", "lastModifiedVia", Alice, "nonce" })
        {
            // His own referral is his to see, with the address of who made it.
            var foreign = string.Join('\n', JsonNode.Parse(text)!["links"]!.AsArray().Skip(before.Count).Select(l => l!.ToJsonString()));
            Assert.DoesNotContain(hidden, foreign, StringComparison.OrdinalIgnoreCase);
        }

        var (seen, full) = (EngagementProof.Parse(text), await server.Proof(Alice, own.EngagementId));
        seen.Holds(before);
        full.Holds();
        for (var i = before.Count; i < before.Count + 3; i++)
        {
            Assert.Equal($"{{\"engagementId\":\"{own.EngagementId}\",\"number\":{i + 1}}}", seen.Links[i].Public);
            Assert.Null(seen.Links[i].Private);
            Assert.Equal(seen.Links[i].PrivateDigest, full.Links[i].PrivateDigest);
            var told = JsonNode.Parse(full.Links[i].Private!)!;
            Assert.Contains("favorite", told["properties"]!.AsArray().Select(p => (string)p!));
            Assert.Equal(Alice, (string)told["changedBy"]!["email"]!);
            // Without the nonce there were few values to try.
            Assert.Equal(64, ((string)told["nonce"]!).Length);
        }

        Assert.Equal(["name"], JsonNode.Parse(seen.Links[^1].Public!)!["properties"]!.AsArray().Select(p => (string)p!));
        Assert.Equal(full.Count, full.Links.Select(l => (string)JsonNode.Parse(l.Private ?? "{\"nonce\":\"" + l.Number + "\"}")!["nonce"]!).Distinct().Count());
        // Sam sees all of his own.
        Assert.Contains(seen.Links, l => l.Private?.Contains(other.Id, StringComparison.Ordinal) == true);
        Assert.DoesNotContain(full.Links, l => l.Private?.Contains(other.Id, StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whether_a_change_of_the_contacts_is_told_is_decided_by_the_consent_of_that_time(bool consent) // B15
    {
        await using var server = await Start(At("2026-11-20T09:00:00Z"));
        var own = await server.Own(change: b => b["consent"]!["consentToToShareInfoWithOthers"] = consent);
        var other = (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, FabrikamLocation))).Is(201);
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        (await server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(
            ("/customerProfile/team", new JsonArray(Bodies.Member("joe@customer.example")))))).Is(204);

        var then = await server.Proof(Alice, own.EngagementId);
        then.Holds();
        Assert.Equal(consent, then.Links[^1].Public!.Contains("\"properties\":[\"customerProfile.team\"]", StringComparison.Ordinal));
        Assert.DoesNotContain("joe@", string.Concat(then.Links.Select(l => l.Public)), StringComparison.Ordinal);
        // What was sealed stays, whatever becomes of the referral.
        (await server.Status(Carol, other.Id, "Closed", "Lost")).Is(200);
        var now = await server.Proof(Alice, own.EngagementId);
        now.Holds(then);
        Assert.Equal(then.Links.Select(l => l.Public), now.Links.Take(then.Count).Select(l => l.Public));
    }

    [Fact]
    public async Task Outside_the_engagement_there_is_no_proof() // B12, B19, R5
    {
        await using var server = await Start();
        var (own, _) = await server.Shared(FabrikamLocation);
        var real = (await server.Get(Sam, Proofs.Path(own.EngagementId))).Refuses(404, target: "engagement");
        Assert.Equal((await server.Get(Sam, Proofs.Path(Guid.NewGuid().ToString()))).Refuses(404).Text, real.Text);
        (await server.Get(Alice, Proofs.Path("nonsense"))).Refuses(404);
        (await server.Get(Alice, Proofs.Path($"{{{own.EngagementId.ToUpperInvariant()}}}"))).Is(200);
        (await server.Get(Bob, Proofs.Path(own.EngagementId))).Refuses(403, "notTeamMember");
        (await server.Get(Dan, Proofs.Path(own.EngagementId))).Refuses(403, "notTeamMember");
        (await server.Get(Eve, Proofs.Path(own.EngagementId))).Refuses(403, "roleRequired");
        (await server.Get(Alice, Proofs.Path(own.EngagementId), ("Accept", "text/html"))).Refuses(406);
    }

    [Fact]
    public async Task Who_sent_a_lead_without_a_record_of_his_own_has_the_proof_of_it() // B13, B17, B29
    {
        var clock = At("2026-01-10T09:00:00Z");
        await using var server = await Start(clock);
        var lead = (await server.Post(Sam, Api, Bodies.Minimum(b =>
        {
            b["qualification"] = "Direct";
            b["target"] = new JsonArray(new JsonObject { ["type"] = "SolutionProfile", ["id"] = "SOL-51000-FAB" });
        }))).Is(201);
        var sent = (await server.Proof(Sam, lead.EngagementId)).Holds();
        Assert.Equal("msft", Assert.Single(sent.Referrals).BroughtBy.OrganizationId);
        Assert.Equal(Fabrikam, sent.Referrals[0].OrganizationId);
        (await server.Proof(Carol, lead.EngagementId)).Holds();
        (await server.Get(Alice, Proofs.Path(lead.EngagementId))).Refuses(404);
        clock.Advance(TimeSpan.FromDays(200));
        (await server.Get(Carol, Proofs.Path(lead.EngagementId))).Refuses(410);
    }

    [Fact]
    public async Task The_owner_proves_the_content_that_he_holds()
    {
        await using var server = await Start();
        var (own, _) = await server.Shared();
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/name", "Größe \"A\" \\ 😀\u2028\u0001")))).Is(204);
        var read = (await server.Get(Alice, $"{Api}/{own.Id}")).Text;
        var proof = await server.Proof(Alice, own.EngagementId);
        proof.Holds();
        Assert.True(proof.Links[^1].Proves(Encoding.UTF8.GetBytes(read)));
        Assert.False(proof.Links[^1].Proves(Encoding.UTF8.GetBytes(read.Replace("Größe", "Große", StringComparison.Ordinal))));
        Assert.False(proof.Links[0].Proves(Encoding.UTF8.GetBytes(read)));
        // The answer to the creation, which has no context.
        var created = (await server.Post(Alice, Api, Bodies.Minimum())).Is(201);
        Assert.True((await server.Proof(Alice, created.EngagementId)).Links[0].Proves(Encoding.UTF8.GetBytes(created.Text)));
    }

    [Fact]
    public async Task The_head_is_signed_by_a_published_key_and_the_signature_opens_nothing()
    {
        await using var server = await Start(At("2026-11-20T09:00:00Z"));
        var own = await server.Own();
        var proof = await server.Proof(Alice, own.EngagementId);
        var keys = new JsonWebKeySet((await server.Get("", "/common/discovery/v2.0/keys")).Is(200).Text);
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(proof.Signature, new TokenValidationParameters
        {
            IssuerSigningKeys = keys.GetSigningKeys(),
            ValidTypes = ["tandem-proof+jwt"],
            ValidIssuer = server.Address,
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        Assert.True(result.IsValid, result.Exception?.Message);
        Assert.Equal(proof.Head, result.Claims["head"]);
        Assert.Equal(own.EngagementId, result.Claims["engagementId"]);
        Assert.Equal(proof.Count, Convert.ToInt32(result.Claims["count"], System.Globalization.CultureInfo.InvariantCulture));
        (await server.Get(proof.Signature!, Api)).Refuses(401);
    }

    [Fact]
    public async Task A_server_that_publishes_no_keys_signs_nothing()
    {
        await using var server = await Start(settings: ("Tandem:Identity:EmbeddedIssuer", "false"));
        var own = await server.Own();
        var proof = await server.Proof(Alice, own.EngagementId);
        proof.Holds();
        Assert.Null(proof.Signature);
    }

    [Fact]
    public async Task Rows_of_older_versions_are_sealed_from_what_they_have()
    {
        await using var server = await Start();
        var (own, other) = await server.Shared();
        (await server.Status(Sam, other.Id, "Active", "Accepted")).Is(200);
        await TestDatabase.Ask(server.Data,
            "UPDATE change_log SET status = NULL, substatus = NULL, contacts_shared = NULL, document_digest = NULL");
        // As after an upgrade: nothing is sealed yet.
        await TestDatabase.Ask(server.Data, "DELETE FROM history_seals");
        await TestDatabase.Ask(server.Data, "DELETE FROM log_readers");
        var check = (await server.Proof(Alice, own.EngagementId)).Holds();
        Assert.NotNull(check.Referrals[1].AcceptedAt);
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/name", "Newer")))).Is(204);
        (await server.Proof(Sam, own.EngagementId)).Holds();
    }

    [Fact]
    public async Task A_long_history_comes_whole()
    {
        await using var server = await Start();
        var own = await server.Own();
        for (var i = 1; i <= 410; i++)
            (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/details/dealValue", i)))).Is(204);
        var proof = await server.Proof(Alice, own.EngagementId);
        proof.Holds();
        Assert.Equal(411, proof.Count);
    }

    [Fact]
    public async Task The_steps_of_the_document_lead_to_the_same_result() // docs/proof.md, step by step
    {
        await using var server = await Start();
        var (own, other) = await server.Shared();
        (await server.Status(Sam, other.Id, "Active", "Accepted")).Is(200);
        var proof = (await server.ProofReply(Alice, own.EngagementId)).Json;

        var hash = new byte[32]; // 1
        var number = 0;
        foreach (var link in proof["links"]!.AsArray())
        {
            Assert.Equal(++number, (int)link!["number"]!); // 2
            foreach (var part in new[] { "public", "private" }) // 3
            {
                if ((string?)link[part] is not { } text)
                    continue;
                Assert.Equal((string?)link[$"{part}Digest"], Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
                Assert.Equal((string?)proof["engagementId"], (string?)JsonNode.Parse(text)!["engagementId"]);
                Assert.Equal(number, (int)JsonNode.Parse(text)!["number"]!);
            }

            hash = SHA256.HashData( // 4
                [.. hash, .. Convert.FromHexString((string)link["publicDigest"]!), .. Convert.FromHexString((string)link["privateDigest"]!)]);
            Assert.Equal((string?)link["hash"], Convert.ToHexStringLower(hash));
        }

        Assert.Equal(number, (int)proof["count"]!); // 5
        Assert.Equal((string?)proof["head"], Convert.ToHexStringLower(hash));
        Assert.True((bool)proof["intact"]!); // 6
    }

    private static DateTimeOffset Time(Reply referral, string property) => (DateTimeOffset)referral.Json[property]!;
}
