using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tandem.Contracts.Referrals;

/// <summary>A page of what changed in a list since its delta link was given. Source: OData 4.01, <i>Requesting changes</i>.</summary>
public sealed class ReferralDelta
{
    /// <summary>Describes the answer; ends with <c>/$delta</c>.</summary>
    [JsonPropertyName("@odata.context")]
    public string ODataContext { get; set; } = "";

    /// <summary>
    /// At most 100: each a <see cref="Referral"/> as it is now, or a <see cref="ReferralTombstone"/>, known by its
    /// <c>@removed</c>.
    /// </summary>
    public List<JsonElement> Value { get; set; } = [];

    /// <summary>Where the next page of changes is; absent on the last one.</summary>
    [JsonPropertyName("@odata.nextLink"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ODataNextLink { get; set; }

    /// <summary>Where the changes after these will be; on the last page alone.</summary>
    [JsonPropertyName("@odata.deltaLink"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ODataDeltaLink { get; set; }
}

/// <summary>A referral that is no longer in a list whose changes are tracked. It may be one that the reader never had.</summary>
public sealed class ReferralTombstone
{
    /// <summary>Says that it is removed, and why.</summary>
    [JsonPropertyName("@removed")]
    public ReferralRemoval Removed { get; set; } = new();

    /// <summary>Its id.</summary>
    public Guid Id { get; set; }
}

/// <summary>Why a referral is no longer in a list.</summary>
public sealed class ReferralRemoval
{
    /// <summary>
    /// <c>changed</c>: the filter does not hold any more, or the caller does not see it any more; <c>deleted</c>: it was
    /// archived.
    /// </summary>
    public string Reason { get; set; } = "";
}
