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
    /// <summary>A reminder changes nothing (B28).</summary>
    public static string IsChange(string row) => $"{row}.kind <> 'ReminderDue'";

    public static string Changes(string row, string property, QueryDialect dialect) =>
        dialect.Test(TextTestKind.Contains, $"(' ' || {row}.properties || ' ')", $"' {property} '");

    public static string IsLater(string row, string than) =>
        $"({row}.transaction_id, {row}.sequence) > ({than}.transaction_id, {than}.sequence)";
}
