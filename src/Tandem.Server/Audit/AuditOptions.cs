using System.ComponentModel.DataAnnotations;

namespace Tandem.Server.Audit;

/// <summary>Settings below <c>Tandem:Audit</c>.</summary>
internal sealed class AuditOptions
{
    /// <summary>How long administrative changes are kept; two years if nothing is said.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan KeepTime { get; set; } = TimeSpan.FromDays(730);
}
