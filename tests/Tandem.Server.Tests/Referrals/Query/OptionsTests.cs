using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>The options beside the filter.</summary>
public sealed class OptionsTests
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory] // R57, R58, R59, R60, R61, R7
    [InlineData("$filtr=x", "$filtr", "did you mean $filter?")]
    [InlineData("$search=x", "$search", "Known are")]
    [InlineData("$top=1&$top=2", "$top", "2 times")]
    [InlineData("$filter=favorite&$FILTER=favorite", "$filter", "2 times")]
    [InlineData("$top=-1", "$top", "whole number")]
    [InlineData("$top=", "$top", "whole number")]
    [InlineData("$skip=1.5", "$skip", "whole number")]
    [InlineData("$skip=٣", "$skip", "whole number")]
    [InlineData("$count=yes", "$count", "true or false")]
    [InlineData("$orderby=nmae", "$orderby", "did you mean name?")]
    [InlineData("$orderby=name sideways", "$orderby", "asc or desc")]
    [InlineData("$orderby=name,", "$orderby", "asc or desc")]
    [InlineData("$orderby=", "$orderby", "asc or desc")]
    [InlineData("$orderby=team", "$orderby", "a list")]
    [InlineData("$orderby=details", "$orderby", "an object")]
    [InlineData("$orderby=team/email", "$orderby", "a list")]
    [InlineData("$orderby=links/self/uri", "$orderby", "links")]
    [InlineData("$orderby=name,mpnId,status,type,direction,favorite,isSpam,quality,substatus", "$orderby", "at most 8")]
    [InlineData("$select=nmae", "$select", "did you mean name?")]
    [InlineData("$select=customerProfile/nmae", "$select", "did you mean name?")]
    [InlineData("$select=name/x", "$select", "no properties")]
    [InlineData("$select=id,,name", "$select", "empty name")]
    [InlineData("$select=@odata.context", "$select", "no property")]
    public void What_is_wrong_is_named_by_its_option(string options, string target, string hint)
    {
        var refusal = Parse(options).Refusal!;
        Assert.Equal((400, target), (refusal.Status, refusal.Target));
        Assert.Contains(hint, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_told_together() // R105
    {
        var refusal = Parse("$top=x&$filter=a&$orderby=b&$select=c&$nothing=1").Refusal!;
        Assert.Equal(["$top", "$filter", "$orderby", "$select", "$nothing"], refusal.Others.Select(o => o.Target).Prepend(refusal.Target));
    }

    [Fact]
    public void Options_are_read_in_any_case_and_foreign_ones_ignored() // R7, R58
    {
        var query = Parse("$TOP=5&%24Skip=3&$Count=FALSE&$expand=anything(&pagesize=5&filter=x&$OrderBy=updatedDateTime+desc").Value!;
        Assert.Equal((5L, 3L, false), (query.Top, query.Skip, query.Count));
        Assert.Equal(["updatedDateTime", "id"], query.Order.Keys.Select(k => k.Path.Text));
        Assert.All(query.Order.Keys, k => Assert.True(k.IsDescending));
    }

    [Theory]
    [InlineData("", "createdDateTime desc,id desc")]
    [InlineData("name", "name,id")]
    [InlineData("NAME desc , details/dealvalue,name", "name desc,details/dealValue,id")]
    [InlineData("name,id desc,status", "name,id desc")]
    public void An_order_ends_with_the_id(string orderBy, string keys)
    {
        var order = orderBy.Length == 0 ? ReferralOrder.Default : ReferralOrder.Parse(orderBy).Value!;
        Assert.Equal(keys, string.Join(',', order.Keys.Select(k => k.Path.Text + (k.IsDescending ? " desc" : ""))));
    }

    [Fact]
    public void Only_what_is_selected_is_written() // R57
    {
        var referral = FilterOracleTests.Rows(new Random(7), 1)[0].Referral;
        referral.Team = [new Member { Email = "a@b.example" }, new Member { Email = "\"ü\" 😀" }];
        var whole = JsonNode.Parse(QueryDatabase.Document(referral))!.AsObject();
        var links = JsonNode.Parse(
            """{"relatedReferrals":{"uri":"https://x?$filter=engagementId eq '1'","method":"GET"},"self":{"uri":"y","method":"GET"}}""")!;

        Assert.Null(Parse("$select=*").Value!.Select);
        var some = Write("$select=ETAG,id,customerProfile", referral, links);
        Assert.Equal(["id", "customerProfile", "eTag"], some.Select(m => m.Key));
        Assert.All(some, m => Assert.True(JsonNode.DeepEquals(whole[m.Key], m.Value)));

        var nested = Write("$select=team/email,customerProfile/address/city,customerProfile/name,links/self,details,details/notes", referral, links);
        Assert.Equal(["customerProfile", "details", "team", "links"], nested.Select(m => m.Key));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""[{"email":"a@b.example"},{"email":"\"ü\" 😀"}]"""), nested["team"]));
        Assert.Equal(["name", "address"], nested["customerProfile"]!.AsObject().Select(m => m.Key));
        Assert.Equal(["city"], nested["customerProfile"]!["address"]!.AsObject().Select(m => m.Key));
        Assert.True(JsonNode.DeepEquals(whole["details"], nested["details"]));
        Assert.Equal("""{"self":{"uri":"y","method":"GET"}}""", nested["links"]!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(links, Write("$select=links", referral, links)["links"]));
    }

    private static JsonObject Write(string options, Referral referral, JsonNode links)
    {
        var output = new ArrayBufferWriter<byte>();
        Parse(options).Value!.Select!.Write(QueryDatabase.Document(referral), Encoding.UTF8.GetBytes(links.ToJsonString(Relaxed)), output);
        return JsonNode.Parse(output.WrittenSpan)!.AsObject();
    }

    private static Outcome<ReferralQuery> Parse(string options) => ReferralQuery.Parse(
        new QueryCollection(QueryHelpers.ParseQuery(options)), FilterOracleTests.Tokens, FilterOracleTests.Caller);
}
