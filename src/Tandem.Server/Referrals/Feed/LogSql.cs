using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>A place of the log as two parameters, and how rows stand to it.</summary>
internal sealed class LogMark(string transaction, string sequence)
{
    public static LogMark Of(LogPosition position, SqlParameters parameters) =>
        new(parameters.Add(position.Transaction), parameters.Add(position.Sequence));

    public string IsBefore(string row) => $"({row}.transaction_id, {row}.sequence) > ({transaction}, {sequence})";

    public string IsNotBefore(string row) => $"({row}.transaction_id, {row}.sequence) <= ({transaction}, {sequence})";
}

/// <summary>Words of the log in SQL.</summary>
internal static class LogSql
{
    // What one statement looks at, however few of it is told.
    private const int RowsOfScan = 2_000;

    /// <summary>Where a scan of the log that begins behind a position ends: at the end, or before it when that is far.</summary>
    /// <param name="candidates">Condition on <c>change_log c</c> with its parameters.</param>
    public static async ValueTask<LogPosition> Bound(
        HotSession session, string candidates, SqlParameters parameters, LogPosition after, LogPosition end,
        CancellationToken cancellation)
    {
        var sql = $"SELECT c.transaction_id, c.sequence FROM change_log c WHERE {candidates} "
            + $"AND {LogMark.Of(after, parameters).IsBefore("c")} AND {LogMark.Of(end, parameters).IsNotBefore("c")} "
            + $"ORDER BY c.transaction_id, c.sequence LIMIT 1 OFFSET {RowsOfScan - 1}";
        await using var row = await ReferralStore.Fill(session.Command(sql), parameters).ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? new(row.GetInt64(0), row.GetInt64(1)) : end;
    }

    /// <summary>A reminder changes nothing (B28).</summary>
    public static string IsChange(string row) => $"{row}.kind <> 'ReminderDue'";

    public static string Changes(string row, string property, QueryDialect dialect) =>
        dialect.Test(TextTestKind.Contains, $"(' ' || {row}.properties || ' ')", $"' {property} '");

    public static string IsLater(string row, string than) =>
        $"({row}.transaction_id, {row}.sequence) > ({than}.transaction_id, {than}.sequence)";
}
