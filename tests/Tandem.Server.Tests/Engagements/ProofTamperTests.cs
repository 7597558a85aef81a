using System.Text.Json.Nodes;
using Tandem.Contracts.Engagements;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Engagements;

/// <summary>
/// Another hand in the database: whatever row is changed, taken away, put in or moved, the check of either party names the
/// first link that it touches.
/// </summary>
public sealed class ProofTamperTests
{
    // Of the change that is tampered with in most cases: a change of the name by Alice, between others.
    private const int Target = 6;

    [Theory]
    [InlineData("referral_id", "(SELECT referral_id FROM change_log WHERE organization_id = 'msft' LIMIT 1)")]
    [InlineData("engagement_id", "referral_id")]
    [InlineData("organization_id", "'msft'")]
    [InlineData("kind", "'Expired'")]
    [InlineData("kind", "'Nonsense'")]
    [InlineData("version", "99")]
    [InlineData("etag_before", "NULL")]
    [InlineData("etag_after", "'\"x\"'")]
    [InlineData("changed_at", "changed_at - 1")]
    [InlineData("changed_at", "9223372036854775807")]
    [InlineData("actor_organization_id", "'msft'")]
    [InlineData("actor_user_id", "NULL")]
    [InlineData("actor_name", "'Somebody Else'")]
    [InlineData("actor_email", "'x@example.com'")]
    [InlineData("via", "'another'")]
    [InlineData("properties", "'status'")]
    [InlineData("status", "'Closed'")]
    [InlineData("substatus", "'Won'")]
    [InlineData("contacts_shared", "NOT contacts_shared")]
    [InlineData("document_digest", "NULL")]
    public async Task A_changed_row_of_the_log_is_found(string column, string value)
    {
        await using var story = await Story.Tell();
        await story.Sql($"UPDATE change_log SET {column} = {value} WHERE sequence = {story.Sequence(Target)}");
        await story.IsBrokenAt(Target);
    }

    [Theory]
    [InlineData("sequence", "sequence + 1")]
    [InlineData("nonce", "hash")]
    [InlineData("public_part", "REPLACE(public_part, 'Alice Archer', 'Sam Smith')")]
    [InlineData("private_digest", "hash")]
    [InlineData("hash", "nonce")]
    [InlineData("number", "1000")]
    [InlineData("engagement_id", "(SELECT id FROM referrals LIMIT 1)")]
    public async Task A_changed_link_is_found(string column, string value)
    {
        await using var story = await Story.Tell();
        await story.Sql($"UPDATE history_seals SET {column} = {value} WHERE number = {Target}");
        await story.IsBrokenAt(Target);
    }

    [Fact]
    public async Task A_row_or_link_that_was_taken_away_is_found()
    {
        foreach (var number in new[] { 1, Target, Story.Length })
        {
            await using (var story = await Story.Tell())
            {
                await story.Sql($"DELETE FROM change_log WHERE sequence = {story.Sequence(number)}");
                await story.IsBrokenAt(number);
            }

            await using (var story = await Story.Tell())
            {
                await story.Sql($"DELETE FROM history_seals WHERE number = {number}");
                await story.IsBrokenAt(number);
            }

            await using (var story = await Story.Tell())
            {
                await story.Sql($"DELETE FROM change_log WHERE sequence = {story.Sequence(number)}");
                await story.Sql($"DELETE FROM history_seals WHERE number = {number}");
                await story.IsBrokenAt(number);
            }
        }
    }

    [Fact]
    public async Task A_row_that_was_put_in_is_found()
    {
        const string Others = "referral_id, engagement_id, organization_id, kind, etag_before, etag_after, changed_at, actor_organization_id, "
            + "actor_user_id, actor_name, actor_email, via, properties, status, substatus, contacts_shared, document_digest";
        // Before everything else.
        await using (var story = await Story.Tell())
        {
            await story.Sql($"INSERT INTO change_log (transaction_id, sequence, version, {Others}) SELECT 0, 0, version, {Others} "
                + $"FROM change_log WHERE sequence = {story.Sequence(Target)}");
            await story.IsBrokenAt(1);
        }

        // At the end, as if it were a change like any other: it is sealed, and follows from nothing.
        foreach (var version in new[] { "version", "version + 1", "version + 2" })
        {
            await using var story = await Story.Tell();
            await story.Sql($"INSERT INTO change_log (version, {Others}) SELECT {version}, {Others} "
                + $"FROM change_log WHERE sequence = {story.Sequence(Story.Length)}");
            await story.IsBrokenAt(Story.Length + 1);
        }

        // A link with a hash that fits, of a change that never was.
        await using (var story = await Story.Tell())
        {
            var last = story.Before.Links[^1];
            var next = EngagementProof.Chain(
                Convert.FromHexString(last.Hash), Convert.FromHexString(last.PublicDigest), Convert.FromHexString(last.PrivateDigest));
            await story.Sql("INSERT INTO history_seals (engagement_id, number, sequence, nonce, public_part, private_digest, hash) "
                + $"SELECT engagement_id, number + 1, sequence, nonce, public_part, private_digest, {Bytes(next)} FROM history_seals WHERE number = {Story.Length}");
            await story.IsBrokenAt(Story.Length + 1);
        }
    }

    [Fact]
    public async Task Rows_and_links_that_changed_places_are_found()
    {
        await using (var story = await Story.Tell())
        {
            var (one, two) = (story.Sequence(Target), story.Sequence(Target + 1));
            await story.Sql($"UPDATE change_log SET sequence = -1 WHERE sequence = {one}");
            await story.Sql($"UPDATE change_log SET sequence = {one} WHERE sequence = {two}");
            await story.Sql($"UPDATE change_log SET sequence = {two} WHERE sequence = -1");
            await story.IsBrokenAt(Target);
        }

        await using (var story = await Story.Tell())
        {
            await story.Sql($"UPDATE history_seals SET number = 1000 WHERE number = {Target}");
            await story.Sql($"UPDATE history_seals SET number = {Target} WHERE number = {Target + 1}");
            await story.Sql($"UPDATE history_seals SET number = {Target + 1} WHERE number = 1000");
            await story.IsBrokenAt(Target);
        }

        // Behind or before all others by its transaction.
        await using (var story = await Story.Tell())
        {
            await story.Sql($"UPDATE change_log SET transaction_id = -1 WHERE sequence = {story.Sequence(Target)}");
            await story.IsBrokenAt(1);
        }
    }

    [Theory]
    [InlineData("document = REPLACE(document, 'Bought', 'Stolen')")]
    [InlineData("version = version + 1")]
    [InlineData("version = version - 1")]
    [InlineData("updated_at = updated_at + 1000000")]
    public async Task A_changed_document_is_found(string change)
    {
        await using var story = await Story.Tell();
        await story.Sql($"UPDATE referrals SET {change} WHERE organization_id = '{Contoso}'");
        await story.IsBrokenAt(change == "version = version + 1" ? Story.Length + 1 : Story.Length);
    }

    [Fact]
    public async Task A_history_that_was_rewritten_as_a_whole_is_found_by_who_kept_a_proof()
    {
        await using var story = await Story.Tell();
        var last = story.Before.Links[^1];
        // The last change never was: log, seal and document say so, and a new change takes its place.
        await story.Sql($"DELETE FROM change_log WHERE sequence = {story.Sequence(Story.Length)}");
        await story.Sql($"DELETE FROM history_seals WHERE number = {Story.Length}");
        await story.Undo();
        var shorter = await story.Server.Proof(Alice, story.EngagementId);
        shorter.Holds();
        Assert.Equal((Story.Length, Story.Length), (shorter.Count + 1, shorter.Verify(story.Before).FirstBroken));

        (await story.Server.Patch(Alice, $"{Api}/{story.Own}", Bodies.Replace(("/name", "Another")))).Is(204);
        var other = await story.Server.Proof(Alice, story.EngagementId);
        other.Holds();
        Assert.NotEqual(last.Hash, other.Links[^1].Hash);
        Assert.Equal(Story.Length, other.Verify(story.Before).FirstBroken);
    }

    private static string Bytes(byte[] bytes) =>
        TestDatabase.IsPostgres ? $"'\\x{Convert.ToHexStringLower(bytes)}'" : $"x'{Convert.ToHexStringLower(bytes)}'";

    /// <summary>A deal of Alice and Sam with a proof of it.</summary>
    private sealed class Story : IAsyncDisposable
    {
        public const int Length = 9;

        private readonly long[] _sequences;
        private object? _document;

        private Story(TandemServer server, Reply own, long[] sequences, EngagementProof before) =>
            (Server, Own, EngagementId, _sequences, Before) = (server, own.Id, own.EngagementId, sequences, before);

        public TandemServer Server { get; }

        public string Own { get; }

        public string EngagementId { get; }

        public EngagementProof Before { get; }

        public static async Task<Story> Tell()
        {
            var server = await Start();
            var (own, other) = await server.Shared(); // 1 to 3: with the second party the first referral changes, too
            await Change(server, Alice, own, "/favorite", true); // 4
            await Change(server, Sam, other, "/externalReferenceId", "CRM"); // 5
            await Change(server, Alice, own, "/name", "Brought"); // 6
            await Change(server, Sam, other, "/statusReason", "Looks good"); // 7
            await Change(server, Sam, other, "/favorite", true); // 8
            var document = await Document(server, own);
            await Change(server, Alice, own, "/name", "Bought"); // 9
            var before = await server.Proof(Alice, own.EngagementId);
            before.Holds();
            Assert.Equal(Length, before.Count);
            var sequences = new long[Length];
            for (var i = 0; i < Length; i++)
                sequences[i] = (long)(await TestDatabase.Ask(server.Data, $"SELECT sequence FROM history_seals WHERE number = {i + 1}"))!;
            return new Story(server, own, sequences, before) { _document = document };
        }

        public long Sequence(int number) => _sequences[number - 1];

        public async Task Sql(string sql) => await TestDatabase.Ask(Server.Data, sql);

        /// <summary>Gives the own referral the document and facts that it had before the last change.</summary>
        public async Task Undo()
        {
            var before = JsonNode.Parse((string)_document!)!;
            var at = (DateTimeOffset)before["updatedDateTime"]!;
            await Sql($"UPDATE referrals SET document = '{((string)_document!).Replace("'", "''", StringComparison.Ordinal)}', version = version - 1, "
                + $"updated_at = {Tandem.Contracts.Reading.WireTime.ToUnixMicroseconds(at)} WHERE id = '{Own}'");
        }

        public async Task IsBrokenAt(int number)
        {
            foreach (var user in new[] { Alice, Sam })
            {
                var proof = await Server.Proof(user, EngagementId);
                Assert.Equal((user, number), (user, proof.FirstBroken));
                Assert.False(proof.Intact);
                Assert.Null(proof.Signature);
                var check = proof.Verify();
                Assert.Equal((user, number), (user, check.FirstBroken));
                Assert.NotNull(check.Fault);
            }
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private static async Task Change(TandemServer server, string user, Reply referral, string path, JsonNode value) =>
            (await server.Patch(user, $"{Api}/{referral.Id}", Bodies.Replace((path, value)))).Is(204);

        private static Task<object?> Document(TandemServer server, Reply own) =>
            TestDatabase.Ask(server.Data, $"SELECT document FROM referrals WHERE id = '{own.Id}'");
    }
}
