using NpgsqlTypes;

namespace Tandem.Server.Storage;

/// <summary>
/// SQL of a hot statement, for <c>$1</c>, <c>$2</c>, … in both databases, with the types of its values: a null has none
/// of its own, and PostgreSQL would prepare the statement again for each mixture.
/// </summary>
internal sealed class HotSql(string text, params NpgsqlDbType[] types)
{
    public string Text => text;

    public IReadOnlyList<NpgsqlDbType> Types => types;
}

/// <summary>One statement of a write, with its values.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="MustChange">
/// The whole write is undone when this statement changes no row: another writer was faster.
/// </param>
/// <param name="Values">In the order of the types.</param>
internal sealed record HotStatement(HotSql Sql, bool MustChange, params object?[] Values);
