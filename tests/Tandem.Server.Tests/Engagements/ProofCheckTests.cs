using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Contracts.Engagements;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Engagements;

/// <summary>The check of a proof that was altered on its way, or by a server that lies.</summary>
public sealed class ProofCheckTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Theory]
    [InlineData("hash")]
    [InlineData("publicDigest")]
    [InlineData("privateDigest")]
    [InlineData("public")]
    [InlineData("private")]
    public async Task Every_altered_character_is_found(string member)
    {
        var json = await Exported();
        for (var i = 0; i < json["links"]!.AsArray().Count; i++)
        {
            var altered = json.DeepClone();
            var link = altered["links"]![i]!;
            if ((string?)link[member] is not { } text)
                continue;
            var at = text.Length / 2;
            link[member] = $"{text[..at]}{(text[at] == 'x' ? 'y' : 'x')}{text[(at + 1)..]}";
            Assert.Equal(i + 1, Check(altered).FirstBroken);
            link[member] = text[..at];
            Assert.Equal(i + 1, Check(altered).FirstBroken);
            Assert.Equal(json["links"]!.AsArray().Count, EngagementProof.Parse(json.ToJsonString()).Count);
        }
    }

    [Fact]
    public async Task Missing_moved_and_foreign_links_are_found()
    {
        var json = await Exported();
        var count = json["links"]!.AsArray().Count;
        Assert.Equal(count, Check(json, j => j["links"]!.AsArray().RemoveAt(count - 1)).FirstBroken);
        Assert.Equal(2, Check(json, j => j["links"]!.AsArray().RemoveAt(1)).FirstBroken);
        Assert.Equal(2, Check(json, j => Swap(j["links"]!.AsArray(), 1, 2)).FirstBroken);
        Assert.Equal(1, Check(json, j => j["engagementId"] = Guid.NewGuid().ToString()).FirstBroken);
        Assert.Equal(count + 1, Check(json, j => j["count"] = count + 1).FirstBroken);
        Assert.Equal(count + 1, Check(json, j => j["head"] = (string)j["links"]![0]!["hash"]!).FirstBroken);
        Assert.Equal(count + 1, Check(json, j => j["intact"] = false).FirstBroken);
        var second = Check(json, j => (j["intact"], j["firstBroken"]) = (false, 2));
        Assert.Equal(2, second.FirstBroken);
        Assert.Single(second.Referrals);
        // What was rewritten since an earlier proof tells nothing.
        var rewritten = EngagementProof.Parse((await Exported()).ToJsonString()).Verify(EngagementProof.Parse(json.ToJsonString()));
        Assert.Equal(1, rewritten.FirstBroken);
        Assert.Empty(rewritten.Referrals);
        Assert.Throws<JsonException>(() => EngagementProof.Parse("null"));
    }

    [Fact]
    public void Parts_that_no_server_seals_are_a_fault_and_no_failure()
    {
        var id = Guid.NewGuid();
        foreach (var text in new[] { "", "{", "[]", "{}", "7", $$"""{"engagementId":"{{id}}","number":"1"}""", $$"""{"engagementId":"{{id}}","number":1,"referralId":7}""" })
        {
            var digest = SHA256.HashData(Encoding.UTF8.GetBytes(text));
            var hash = Convert.ToHexStringLower(EngagementProof.Chain(EngagementProof.Beginning, digest, digest));
            var proof = new EngagementProof { EngagementId = id, Count = 1, Head = hash, Intact = true };
            proof.Links.Add(new()
            {
                Number = 1,
                Hash = hash,
                Public = text,
                PublicDigest = Convert.ToHexStringLower(digest),
                PrivateDigest = Convert.ToHexStringLower(digest),
            });
            Assert.Equal((text, 1), (text, proof.Verify().FirstBroken));
        }
    }

    [Fact]
    public void The_sealed_texts_have_one_form() // RFC 8785, 3.2
    {
        var value = CanonicalJson.Object();
        value["\u20ac"] = "\u20ac$\u000f\nA'\u0042\"\\/<>&\u2028😀\u007f";
        value["b"] = (List<string>)["", "\b\t\f\r"];
        value["B"] = true;
        value["a1"] = null;
        value["a"] = 4711;
        var text = CanonicalJson.Write(value);
        Assert.Equal("{\"B\":true,\"a\":4711,\"a1\":null,\"b\":[\"\",\"\\b\\t\\f\\r\"],\"\u20ac\":\"\u20ac$\\u000f\\nA'B\\\"\\\\/<>&\u2028😀\u007f\"}", text);
        Assert.Equal((string)value["\u20ac"]!, (string)JsonNode.Parse(text)!["\u20ac"]!);
    }

    [Fact]
    public async Task What_is_exported_is_what_the_record_describes()
    {
        var json = await Exported();
        var again = JsonSerializer.SerializeToNode(EngagementProof.Parse(json.ToJsonString()), ReferralJson.Wire.EngagementProof)!;
        Assert.True(JsonNode.DeepEquals(json, again), again.ToJsonString());
    }

    private async Task<JsonNode> Exported()
    {
        var (own, other) = await fixture.Server.Shared();
        (await fixture.Server.Status(Sam, other.Id, "Active", "Accepted")).Is(200);
        (await fixture.Server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/favorite", true)))).Is(204);
        return (await fixture.Server.ProofReply(Alice, own.EngagementId)).Json;
    }

    private static ProofCheck Check(JsonNode proof, Action<JsonNode>? alter = null)
    {
        var altered = proof.DeepClone();
        alter?.Invoke(altered);
        return EngagementProof.Parse(altered.ToJsonString()).Verify();
    }

    private static void Swap(JsonArray links, int one, int two) =>
        (links[one], links[two]) = (links[two]!.DeepClone(), links[one]!.DeepClone());
}
