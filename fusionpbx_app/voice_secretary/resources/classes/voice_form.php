<?php

/**
 * Rows of an edit page, as FusionPBX draws them.
 */
class voice_form {

	/**
	 * @param string $html      the control, escaped already
	 * @param string $explained what stands under it
	 */
	public static function row(string $label, string $html, string $explained = '', bool $required = false): string {
		$row = "<tr>\n";
		$row .= "<td width='30%' class='".($required ? 'vncellreq' : 'vncell')."' valign='top' align='left' nowrap='nowrap'>\n	".escape($label)."\n</td>\n";
		$row .= "<td width='70%' class='vtable' align='left'>\n	".$html."\n";
		$row .= $explained === '' ? '' : "<br />\n".escape($explained)."\n";
		return $row."</td>\n</tr>\n";
	}

	public static function text(string $name, $value, array $attributes = []): string {
		$attributes += ['type' => 'text', 'maxlength' => '200'];
		return "<input class='formfld' name='".escape($name)."' id='".escape(self::id($name))."' value=\"".self::attribute($value)."\"".self::attributes($attributes).">";
	}

	public static function number(string $name, $value, int $least, int $most, string $unit = ''): string {
		$attributes = ['type' => 'number', 'min' => $least, 'max' => $most, 'step' => '1', 'style' => 'width: 120px; min-width: 120px;'];
		return self::text($name, $value, $attributes).($unit === '' ? '' : ' '.escape($unit));
	}

	public static function textarea(string $name, $value, int $most, int $height_px = 80): string {
		return "<textarea class='formfld' name='".escape($name)."' id='".escape(self::id($name))."' maxlength='".$most."' style='width: 100%; max-width: 650px; height: ".$height_px."px;'>".self::attribute($value)."</textarea>";
	}

	/**
	 * @param array $options value => what is shown
	 */
	public static function select(string $name, array $options, $value, array $attributes = []): string {
		$html = "<select class='formfld' name='".escape($name)."' id='".escape(self::id($name))."'".self::attributes($attributes).">\n";
		foreach ($options as $option => $label) {
			$selected = (string) $option === (string) $value ? " selected='selected'" : '';
			$html .= "	<option value=\"".self::attribute($option)."\"".$selected.">".self::attribute($label)."</option>\n";
		}
		return $html."</select>";
	}

	/**
	 * FusionPBX's switch, or its select where the theme says so.
	 */
	public static function toggle(string $name, bool $value, array $text): string {
		global $settings;
		$switch = substr((string) $settings->get('theme', 'input_toggle_style', ''), 0, 6) === 'switch';
		$options = ['true' => $text['option-true'], 'false' => $text['option-false']];
		$select = self::select($name, $options, $value ? 'true' : 'false');
		return $switch ? "<span class='switch'>".$select."<span class='slider'></span></span>" : $select;
	}

	/**
	 * A secret goes in and never comes out: the page says only that there is one.
	 */
	public static function secret(string $name, bool $is_stored, array $text): string {
		$placeholder = $is_stored ? $text['label-secret_stored'] : '';
		return "<input type='password' style='display: none;' disabled='disabled' autocomplete='new-password'>"
			."<input class='formfld password' type='password' autocomplete='new-password' name='".escape($name)."' id='".escape(self::id($name))."' value='' maxlength='4000' placeholder=\"".self::attribute($placeholder)."\">";
	}

	/**
	 * A section that opens; browsers keep the fields of a closed one and send them too.
	 */
	public static function section(string $title, bool $is_open = false): string {
		return "<details class='voice_section'".($is_open ? " open='open'" : '').">\n<summary>".escape($title)."</summary>\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	}

	public static function section_end(): string {
		return "</table>\n</details>\n";
	}

	/**
	 * Every sign escaped, nothing turned into false as FusionPBX's escape() does with null.
	 */
	public static function attribute($value): string {
		return htmlspecialchars((string) $value, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
	}

	/**
	 * A posted text: one value, trimmed, of at most so many characters, without control signs but the line's end.
	 */
	public static function posted(array $post, string $name, int $most = 200): string {
		$value = $post[$name] ?? '';
		if (!is_string($value)) {
			return '';
		}
		$value = preg_replace('/[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]/', '', mb_scrub($value, 'UTF-8'));
		return mb_substr(trim(str_replace("\r\n", "\n", $value)), 0, $most, 'UTF-8');
	}

	/**
	 * A posted whole number within its limits.
	 */
	public static function posted_number(array $post, string $name, int $least, int $most, int $default): int {
		$value = $post[$name] ?? '';
		return is_string($value) && preg_match('/^\d{1,9}$/', $value) ? max($least, min($most, (int) $value)) : $default;
	}

	public static function posted_choice(array $post, string $name, array $allowed, string $default): string {
		$value = $post[$name] ?? '';
		return is_string($value) && in_array($value, array_map('strval', $allowed), true) ? $value : $default;
	}

	/**
	 * A posted text's lines, without empty ones.
	 *
	 * @return array of at most $count texts of at most $most characters
	 */
	public static function posted_lines(array $post, string $name, int $count, int $most = 200): array {
		$lines = [];
		foreach (explode("\n", self::posted($post, $name, $count * ($most + 1))) as $line) {
			$line = trim(mb_substr(trim($line), 0, $most, 'UTF-8'));
			if ($line !== '') {
				$lines[] = $line;
			}
		}
		return array_slice($lines, 0, $count);
	}

	private static function id(string $name): string {
		return trim(preg_replace('/[^A-Za-z0-9_]+/', '_', $name), '_');
	}

	private static function attributes(array $attributes): string {
		$html = '';
		foreach ($attributes as $name => $value) {
			$html .= ' '.$name."=\"".self::attribute($value)."\"";
		}
		return $html;
	}
}
