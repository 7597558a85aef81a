using System.Text.Json.Nodes;
using Tandem.Contracts.Referrals;
using Tandem.Web.Referrals;

namespace Tandem.Web.Tests;

/// <summary>What a person has changed, laid over what another has: pure.</summary>
public sealed class DraftTests
{
    [Fact]
    public void Only_what_differs_is_sent()
    {
        var draft = new Draft(Deal(name: "Old"));
        draft.Set("name", "New");
        draft.Set("details.dealValue", JsonNode.Parse("5.50"));
        draft.Set("details.notes", "x");
        draft.Set("details.notes", null);
        draft.Set("name", "Old");
        Assert.Equal("""{"details":{"dealValue":5.50}}""", draft.Patch().ToJsonString());
    }

    [Fact]
    public void What_both_changed_alike_is_no_conflict_and_no_change()
    {
        var draft = new Draft(Deal(name: "Old"));
        draft.Set("name", "New");
        var theirs = Deal(name: "New");
        Assert.Empty(draft.Meet(theirs));
        draft.Rebase(theirs, []);
        Assert.False(draft.HasChanges);
    }

    [Fact]
    public void A_choice_decides_a_conflict_and_the_rest_stays()
    {
        var draft = new Draft(Deal(name: "Old"));
        draft.Set("name", "Mine");
        draft.Set("details.notes", "Mine too");
        var theirs = Deal(name: "Theirs");
        theirs.ETag = "\"2\"";
        var conflict = Assert.Single(draft.Meet(theirs));
        Assert.Equal(("name", "Old", "Mine", "Theirs"), (conflict.Path, $"{conflict.Base}", $"{conflict.Mine}", $"{conflict.Theirs}"));
        Assert.Null(conflict.Choice);
        conflict.Choice = ConflictChoice.Theirs;
        draft.Rebase(theirs, [conflict]);
        Assert.Equal("""{"details":{"notes":"Mine too"}}""", draft.Patch().ToJsonString());
        Assert.Equal("\"2\"", draft.ETag);
    }

    [Theory]
    [InlineData("a,b", "a,b,c", "a,b,d", "a,b,d,c")] // either has added one
    [InlineData("a,b", "a", "a,b,d", "a,d")] // one taken out, one added
    [InlineData("a,b", "a,b,c", "b", "b,c")]
    [InlineData("a,b", "a:x,b", "a,b,d", "a:x,b,d")] // one changed, one added
    [InlineData("a,b", "a:x,b", "a:y,b", null)] // both have changed the same person
    [InlineData("a,b", "b", "a:y,b", null)] // one has taken out whom the other has changed
    [InlineData("a,b", "a:x,b", "b", null)]
    public void Lists_join_unless_both_meant_the_same_person(string before, string mine, string theirs, string? both)
    {
        var draft = new Draft(Deal(team: before));
        draft.Set("team", Tree(mine));
        var conflict = Assert.Single(draft.Meet(Deal(team: theirs)));
        Assert.Equal(both, conflict.Both is null ? null : string.Join(',', conflict.Both.Select(Name)));
    }

    private static string Name(JsonNode? member) => member!["title"] is { } title ? $"{member["email"]}:{title}" : $"{member["email"]}";

    private static JsonNode Tree(string team) => System.Text.Json.JsonSerializer.SerializeToNode(Deal(team: team), ReferralJson.Wire.Referral)!["team"]!.DeepClone();

    private static Referral Deal(string? name = null, string team = "") => new()
    {
        Name = name,
        ETag = "\"1\"",
        Team = [.. team.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split(':')).Select(t => new Member { Email = t[0], Title = t.Length > 1 ? t[1] : null })],
    };
}
