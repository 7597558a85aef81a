namespace Tandem.Server.Referrals.Query;

/// <summary>Values of a statement; nothing a client sends becomes part of its text.</summary>
internal sealed class SqlParameters(QueryDialect dialect)
{
    private readonly List<QueryParameter> _values = [];

    public IReadOnlyList<QueryParameter> Values => _values;

    public string Add(object value)
    {
        var name = $"@q{_values.Count}";
        _values.Add(new(name, dialect.Value(value)));
        return name;
    }

    /// <summary>Adds values that have their names already.</summary>
    public void Add(IEnumerable<QueryParameter> named) => _values.AddRange(named);
}
