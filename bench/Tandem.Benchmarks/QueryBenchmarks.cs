using System.Globalization;
using BenchmarkDotNet.Attributes;
using Tandem.Server.Referrals.Query;

namespace Tandem.Benchmarks;

/// <summary>From the text of a <c>$filter</c> to its SQL: of a shape that was seen before, and of a new one.</summary>
[MemoryDiagnoser]
public class QueryBenchmarks
{
    private const string Filter =
        "status eq 'Active' and details/dealValue gt {0} and (contains(customerProfile/name,'con') or team/any(t:t/email eq 'a@b.example'))";

    private int _number;

    [Benchmark(Description = "a filter of a known shape")]
    public string Known() => Translate(Filter.Replace("{0}", (_number++).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    [Benchmark(Description = "a filter of a new shape")]
    public string New() =>
        // Another name for the variable is another shape.
        Translate(Filter.Replace("t:t/", string.Create(CultureInfo.InvariantCulture, $"t{_number}:t{_number++}/"), StringComparison.Ordinal)
            .Replace("{0}", "1", StringComparison.Ordinal));

    [Benchmark(Description = "an order")]
    public object Order() => ReferralOrder.Parse("details/dealValue desc,customerProfile/name");

    private static string Translate(string text) => ReferralFilter.Parse(text).Succeeded(out var filter, out var refusal)
        ? filter.Sql(QueryDialect.Sqlite)
        : throw new InvalidOperationException(refusal.Message);
}
