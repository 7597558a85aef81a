using Npgsql;

namespace Tandem.FailoverLoad;

/// <summary>Compares what the clients were told with what the database holds afterwards.</summary>
internal static class Ledger
{
    /// <summary>A sentence each, with the number of exceptions; all of them should be 0.</summary>
    public static async Task<List<(string Rule, long Exceptions)>> Check(string connection, Tally tally)
    {
        await using var source = new NpgsqlDataSourceBuilder(Single(connection)).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);
        var stored = new Dictionary<string, List<string>>();
        await using (var all = source.CreateCommand("SELECT document::json ->> 'externalReferenceId', id::text FROM referrals"))
        await using (var row = await all.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
            {
                if (!stored.TryGetValue(row.GetString(0), out var ids))
                    stored[row.GetString(0)] = ids = [];
                ids.Add(row.GetString(1));
            }
        }

        var logged = new HashSet<(string, string)>();
        await using (var all = source.CreateCommand("SELECT referral_id::text, etag_after FROM change_log"))
        await using (var row = await all.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
                logged.Add((row.GetString(0), row.GetString(1)));
        }

        return
        [
            ("acknowledged creations that are not stored",
                tally.Created.LongCount(c => !stored.TryGetValue(c.Key, out var ids) || !ids.Contains(c.Value))),
            ("acknowledged writes whose entity tag is not in the change log", tally.Acknowledged.LongCount(a => !logged.Contains(a))),
            ("idempotency keys with more than one referral", stored.LongCount(s => s.Value.Count > 1)),
            ("referrals that nobody was told of", stored.LongCount(s => !tally.Created.ContainsKey(s.Key))),
            ("referrals whose version is not the number of their changes",
                await Count("referrals r WHERE version <> (SELECT count(*) FROM change_log c WHERE c.referral_id = r.id)")),
            ("referrals whose version is not that of their last change",
                await Count("referrals r WHERE version <> (SELECT max(version) FROM change_log c WHERE c.referral_id = r.id)")),
            ("referrals whose entity tag is not that of their last change",
                await Count("referrals r WHERE document::json ->> 'eTag' <> (SELECT etag_after FROM change_log c "
                    + "WHERE c.referral_id = r.id ORDER BY version DESC LIMIT 1)")),
            ("changes without their referral",
                await Count("change_log c WHERE NOT EXISTS (SELECT 1 FROM referrals r WHERE r.id = c.referral_id)")),
        ];

        async Task<long> Count(string exceptions)
        {
            await using var command = source.CreateCommand($"SELECT count(*) FROM {exceptions}");
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    // The data source, and not the connection string, says which host is wanted.
    private static string Single(string connection) =>
        new NpgsqlConnectionStringBuilder(connection) { TargetSessionAttributes = null, CommandTimeout = 120 }.ToString();
}
