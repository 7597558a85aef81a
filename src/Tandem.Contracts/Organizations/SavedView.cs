namespace Tandem.Contracts.Organizations;

/// <summary>A choice of referrals that somebody gave a name, to come back to it; Tandem's own.</summary>
public sealed record SavedView
{
    /// <summary>Id; chosen by whoever saves it.</summary>
    public required Guid Id { get; init; }

    /// <summary>Name, 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What was chosen, as the query of the pipeline's address: <c>status=New,Active&amp;sort=-value</c>.</summary>
    public required string Query { get; init; }

    /// <summary>Whether everybody of the organization sees it, too. It shows nobody more referrals than he may see.</summary>
    public bool IsShared { get; init; }

    /// <summary>Whether it is the caller's, to change and to remove.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Name of who saved it.</summary>
    public required string OwnerName { get; init; }
}

/// <summary>What is sent to save a view.</summary>
public sealed record SavedViewDraft
{
    /// <inheritdoc cref="SavedView.Name" />
    public string? Name { get; init; }

    /// <inheritdoc cref="SavedView.Query" />
    public string? Query { get; init; }

    /// <inheritdoc cref="SavedView.IsShared" />
    public bool? IsShared { get; init; }
}
